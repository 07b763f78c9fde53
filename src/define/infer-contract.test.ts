import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amendColumns, inferOtherColumns, type ContractColumns } from './infer-contract.js'
import type { InferredColumn, InferredData } from './inferred-data.js'

const declared: ContractColumns = {
  price: { type: 'number', role: 'target', optional: false, min: 1 },
  rooms: { type: 'number', role: 'feature', optional: false, min: 0, max: 10 },
}

function found(name: string, rest: Partial<InferredColumn> = {}): InferredColumn {
  return { name, type: 'number', distinct: 50, missing: 0, unique: 0.5, whole: true, ...rest }
}

function data(...columns: readonly InferredColumn[]): InferredData {
  return { rows: 100, complete: true, columns: [...columns] }
}

test('columns that nobody has named become features, or are ignored where no model can use them', () => {
  const first = data(found('price'), found('rooms'), found('area', { missing: 0.1 }), found('view', { type: 'category', distinct: 4 }), found('remark', { type: 'text' }), found('sold_at', { type: 'time' }))
  assert.deepEqual(inferOtherColumns(first, declared), {
    area: { type: 'number', role: 'feature', optional: true },
    view: { type: 'category', role: 'feature', optional: false },
    remark: { type: 'text', role: 'ignored', optional: true },
    sold_at: { type: 'text', role: 'ignored', optional: true },
  })
})

test('each fault that a contract can allow is amended, in words', () => {
  const drop = data(found('price'), found('rooms', { missing: 0.2, min: '0', max: '33' }), found('colour', { type: 'category' }))
  const faults = [
    { code: 'missing-value', column: 'rooms' },
    { code: 'out-of-range', column: 'rooms' },
    { code: 'unexpected-column', column: 'colour' },
  ]
  const { amendments, obstacles } = amendColumns(declared, faults, drop, 'ignored')
  assert.deepEqual(obstacles, [])
  assert.deepEqual(amendments, [
    { column: 'rooms', becomes: { type: 'number', role: 'feature', optional: true, min: 0, max: 33 }, words: 'becomes optional and may have a wider range' },
    { column: 'colour', becomes: { type: 'text', role: 'ignored', optional: true }, words: 'is ignored' },
  ])
})

test('a new column becomes a feature where the project file asks for that', () => {
  const { amendments } = amendColumns(declared, [{ code: 'unexpected-column', column: 'colour' }], data(found('price'), found('rooms'), found('colour', { type: 'category' })), 'inferred')
  assert.deepEqual(amendments, [{ column: 'colour', becomes: { type: 'category', role: 'feature', optional: false }, words: 'is a new feature, a category' }])
})

test('no contract can do without a target', () => {
  const { obstacles } = amendColumns(declared, [{ code: 'missing-column', column: 'price' }, { code: 'missing-target', column: 'price' }], data(found('rooms')), 'ignored')
  assert.equal(obstacles.length, 2)
})

test('a number that has become words is a category from then on', () => {
  const { amendments } = amendColumns(declared, [{ code: 'wrong-type', column: 'rooms' }], data(found('rooms', { type: 'category' })), 'ignored')
  assert.deepEqual(amendments[0]?.becomes, { type: 'category', role: 'feature', optional: false })
})

test('an implausible drop changes no column', () => {
  assert.deepEqual(amendColumns(declared, [{ code: 'implausible-values', column: 'rooms' }], data(), 'ignored'), { amendments: [], obstacles: [] })
})
