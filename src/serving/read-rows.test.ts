import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError, type Fault } from '../errors.js'
import type { SignatureColumn } from '../packages/manifest.js'
import { readRows } from './read-rows.js'

const inputs: readonly SignatureColumn[] = [
  { name: 'area', type: 'number', optional: false },
  { name: 'zipcode', type: 'category', optional: true },
  { name: 'waterfront', type: 'boolean', optional: false },
]
const good = { area: 120, zipcode: '98029', waterfront: true }

/** Rows as they come over the wire. */
function read(columns: readonly SignatureColumn[], json: string): ReturnType<typeof readRows> {
  const rows: unknown = JSON.parse(json)
  assert.ok(Array.isArray(rows))
  return readRows({ inputs: [...columns] }, rows)
}

function faultsOf(columns: readonly SignatureColumn[], json: string): readonly Fault[] {
  try {
    read(columns, json)
  } catch (error) {
    assert.ok(error instanceof RefitError)
    assert.equal(error.code, 'rows-invalid')
    return error.faults
  }
  return []
}

function faultsOfRow(row: unknown): readonly Fault[] {
  return faultsOf(inputs, JSON.stringify([good, row]))
}

test('rows become columns, in the order of the rows, whatever the order of their names', () => {
  const batch = read(inputs, '[{"area":1,"zipcode":"a","waterfront":true},{"waterfront":false,"zipcode":"b","area":-2.5},{"area":0,"zipcode":"","waterfront":false}]')
  assert.deepEqual(batch, { rows: 3, columns: { area: [1, -2.5, 0], zipcode: ['a', 'b', ''], waterfront: [true, false, false] } })
})

test('an optional column may be missing or null, and its value is then null', () => {
  assert.deepEqual(read(inputs, '[{"area":1,"waterfront":true},{"area":2,"zipcode":null,"waterfront":true}]').columns['zipcode'], [null, null])
})

test('a row that is no object is named by what it is', () => {
  const kinds: readonly (readonly [unknown, string])[] = [
    [null, 'null'],
    [[1, 2], 'an array'],
    ['98029', 'the text "98029"'],
    [7, 'the number 7'],
    [true, 'the boolean true'],
  ]
  for (const [row, is] of kinds) assert.deepEqual(faultsOfRow(row), [{ path: 'rows[1]', message: `must be an object, is ${is}` }])
})

test('missing and null values of a column that is not optional are told apart', () => {
  assert.deepEqual(faultsOfRow({ area: null, zipcode: 'a' }), [
    { path: 'rows[1].area', message: 'is null, and not optional' },
    { path: 'rows[1].waterfront', message: 'is missing, and not optional' },
  ])
})

test('a value of another type is named with its row, its column and what it is', () => {
  const wrong: readonly (readonly [object, string, string])[] = [
    [{ area: '120' }, 'area', 'must be a number, is the text "120"'],
    [{ area: true }, 'area', 'must be a number, is the boolean true'],
    [{ area: [120] }, 'area', 'must be a number, is an array'],
    [{ area: {} }, 'area', 'must be a number, is an object'],
    [{ zipcode: 98029 }, 'zipcode', 'must be text, is the number 98029'],
    [{ zipcode: false }, 'zipcode', 'must be text, is the boolean false'],
    [{ waterfront: 1 }, 'waterfront', 'must be true or false, is the number 1'],
    [{ waterfront: 'true' }, 'waterfront', 'must be true or false, is the text "true"'],
    [{ waterfront: 'x'.repeat(1000) }, 'waterfront', `must be true or false, is the text "${'x'.repeat(40)}…"`],
  ]
  for (const [difference, column, message] of wrong) assert.deepEqual(faultsOfRow({ ...good, ...difference }), [{ path: `rows[1].${column}`, message }])
})

test('a number beyond all numbers is refused, and named so', () => {
  assert.deepEqual(faultsOf(inputs, '[{"area":1e999,"waterfront":true}]'), [{ path: 'rows[0].area', message: 'must be a number, is the number Infinity' }])
})

test('a name that is no input is refused: a misspelt column is never read as a missing one', () => {
  assert.deepEqual(faultsOfRow({ ...good, zipcod: '98029', Area: 1 }), [
    { path: 'rows[1].zipcod', message: 'is no input of this model' },
    { path: 'rows[1].Area', message: 'is no input of this model' },
  ])
})

test('a long name is cut in the answer', () => {
  const [fault] = faultsOfRow({ ...good, ['x'.repeat(100_000)]: 1 })
  assert.ok(fault !== undefined && fault.path.length < 200)
})

test('names that every object has are names like any other', () => {
  const odd: readonly SignatureColumn[] = [
    { name: '__proto__', type: 'number', optional: false },
    { name: 'constructor', type: 'number', optional: true },
  ]
  const { columns } = read(odd, '[{"__proto__":1},{"__proto__":2,"constructor":3}]')
  assert.deepEqual(Object.entries(columns), [
    ['__proto__', [1, 2]],
    ['constructor', [null, 3]],
  ])
  assert.deepEqual(faultsOf(odd, '[{}]'), [{ path: 'rows[0].__proto__', message: 'is missing, and not optional' }])
  assert.deepEqual(faultsOf(inputs, '[{"area":1,"waterfront":true,"__proto__":{"zipcode":"a"}}]'), [{ path: 'rows[0].__proto__', message: 'is no input of this model' }])
})

test('all faults are counted, and the first fifty listed', () => {
  assert.throws(
    () => read(inputs, JSON.stringify(Array.from({ length: 1000 }, () => ({ area: '1' })))),
    (error) => {
      assert.ok(error instanceof RefitError)
      assert.match(error.message, /faults: 2000/)
      assert.equal(error.faults.length, 50)
      assert.equal(error.faults[49]?.path, 'rows[24].waterfront')
      return true
    },
  )
})

test('a model without inputs takes empty rows', () => {
  assert.deepEqual(read([], '[{},{}]'), { rows: 2, columns: {} })
})
