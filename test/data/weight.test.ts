import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { StoredColumn, StoredModel } from '../../src/define/stored-definition.js'
import { RefitError } from '../../src/errors.js'
import { cutSets, type Value } from '../support/cut-sets.js'
import { modelNamed } from '../support/stored-models.js'
import { columns as seasonColumns, csvLines, read, sales } from './season.js'

const weight: StoredColumn = { type: 'number', role: 'weight', optional: false }
const price: StoredColumn = { type: 'number', role: 'target', optional: false }
const rooms: StoredColumn = { type: 'number', role: 'feature', optional: false }

type Row = Readonly<Record<string, Value>>

const rowsOf = (count: number, weightOf: (row: number) => number): readonly Row[] =>
  Array.from({ length: count }, (_, row) => ({ rooms: row % 7, price: 100 + row, size: weightOf(row) }))

async function cut(context: TestContext, changes: Partial<StoredModel>, rows: readonly Row[]): Promise<Awaited<ReturnType<typeof cutSets>>> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-weight-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return cutSets(folder, modelNamed('price', { columns: { rooms, price, size: weight }, ...changes }), rows)
}

async function trained(folder: string): Promise<readonly (readonly number[])[]> {
  const sides = await Promise.all(['train', 'validation'].map(async (side) => readFile(join(folder, side, `${side}.csv`), 'utf8')))
  return sides.flatMap((text) => text.trimEnd().split('\n').slice(1).map((line) => line.split(',').map(Number)))
}

test('the weight stands behind the target in the files of the trainer, and the baseline follows it', async (context) => {
  const sets = await cut(context, {}, rowsOf(300, (row) => (row % 5) / 2))
  assert.equal((await readFile(join(sets.folder, 'train', 'train.csv'), 'utf8')).split('\n')[0], 'rooms,price,size')
  const rows = await trained(sets.folder)
  const sum = (figure: (row: readonly number[]) => number): number => rows.reduce((total, row) => total + figure(row), 0)
  assert.deepEqual(sets.baseline, { kind: 'mean', value: Number((sum(([, target = 0, size = 0]) => target * size) / sum(([, , size = 0]) => size)).toPrecision(12)) })
  assert.notEqual(sum(([, target = 0]) => target) / rows.length, sets.baseline.value)
})

test('classes of the baseline have their share of the weight', async (context) => {
  const direction: StoredColumn = { type: 'category', role: 'target', optional: false }
  const rows = Array.from({ length: 300 }, (_, row) => ({ rooms: row, direction: row % 3 === 0 ? 'down' : 'up', size: row % 3 === 0 ? 6 : 1 }))
  const sets = await cut(context, { task: 'classification', columns: { rooms, direction, size: weight } }, rows)
  const lines = (await Promise.all(['train', 'validation'].map(async (side) => readFile(join(sets.folder, side, `${side}.csv`), 'utf8')))).flatMap((text) => text.trimEnd().split('\n').slice(1))
  const down = lines.filter((line) => line.includes('down')).length
  assert.deepEqual(sets.baseline, { kind: 'shares', shares: { down: Number(((6 * down) / (6 * down + lines.length - down)).toPrecision(12)), up: Number(((lines.length - down) / (6 * down + lines.length - down)).toPrecision(12)) } })
})

test('a row keeps its side whatever it weighs', async (context) => {
  const one = await cut(context, {}, rowsOf(200, () => 1))
  const other = await cut(context, {}, rowsOf(200, (row) => row))
  const targets = async (folder: string): Promise<readonly (number | undefined)[]> => (await trained(folder)).map(([, target]) => target)
  assert.deepEqual(await targets(other.folder), await targets(one.folder))
})

test('training rows that all weigh nothing are too few', async (context) => {
  await assert.rejects(cut(context, {}, rowsOf(100, () => 0)), (error: unknown) => error instanceof RefitError && error.code === 'sets-too-small' && error.message.includes('all training rows weigh 0'))
})

test('a drop with a weight below 0 is refused with its rows, and cannot be released', async (context) => {
  const lines = csvLines(sales(40)).map((line, row) => `${line},${row === 0 ? 'size' : row === 7 ? -0.5 : row}`)
  for (const released of [false, true]) {
    const { reading } = await read(context, { 'sizes.csv': `${lines.join('\n')}\n` }, { ...seasonColumns, size: weight }, { released })
    const found = reading('sizes.csv')
    assert.ok(!found.accepted)
    assert.deepEqual(found.faults, [
      { code: 'negative-weight', column: 'size', message: 'Column size: 1 row with a weight below 0.', rows: 1, samples: [{ row: 7, value: '-0.5' }] },
    ])
  }
})
