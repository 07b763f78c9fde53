import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitFaults } from '../../src/data/drop-limits.js'
import type { StoredColumn } from '../../src/define/stored-definition.js'
import { columns, csvLines, read, sales } from './season.js'

const lines = csvLines(sales(40))

function csvWith(changed: Readonly<Record<number, string>> = {}): string {
  return `${lines.map((line, row) => changed[row] ?? line).join('\n')}\n`
}

function withOptions(column: string, options: Partial<StoredColumn>): Readonly<Record<string, StoredColumn>> {
  const former = columns[column]
  assert.ok(former !== undefined)
  return { ...columns, [column]: { ...former, ...options } }
}

test('texts that are too short, too long or of another form are refused with their rows', async (context) => {
  const drop = { 'codes.csv': csvWith({ 4: 'h1,2026-01-02,100,3,8001,gas,true', 9: 'h1,2026-01-02,100,3,08001-123,gas,true', 12: 'h1,2026-01-02,100,3,0800a,gas,true' }) }
  const { reading } = await read(context, drop, withOptions('zipcode', { minLength: 5, maxLength: 5, pattern: '0[0-9]{4}' }))
  const found = reading('codes.csv')
  assert.ok(!found.accepted)
  assert.deepEqual(
    found.faults.map(({ code, column, samples }) => [code, column, samples]),
    [
      ['too-short', 'zipcode', [{ row: 4, value: '8001' }]],
      ['too-long', 'zipcode', [{ row: 9, value: '08001-123' }]],
      ['pattern-mismatch', 'zipcode', [{ row: 4, value: '8001' }, { row: 9, value: '08001-123' }, { row: 12, value: '0800a' }]],
    ],
  )
})

test('a pattern must match the whole of a text, and a missing value has no form', async (context) => {
  const contract = { ...withOptions('zipcode', { optional: true, pattern: '0800[0-9]' }), heating: { type: 'category', role: 'feature', optional: false, pattern: 'ga|oi' } as const }
  const { reading } = await read(context, { 'codes.csv': csvWith({ 4: 'h1,2026-01-02,100,3,,gas,true' }) }, contract)
  const found = reading('codes.csv')
  assert.ok(!found.accepted)
  assert.deepEqual(found.faults.map(({ column, rows }) => [column, rows]), [['heating', 40]])
})

test('rows with a value that an earlier row has are refused where it must be unique', async (context) => {
  const drop = { 'codes.csv': csvWith({ 9: 'h1,2026-01-01T03:00:00Z,100,3,08001,gas,true', 12: 'h1,2026-01-01T03:00:00Z,100,3,08001,gas,true' }) }
  const { reading } = await read(context, drop, withOptions('sold', { unique: true }))
  const found = reading('codes.csv')
  assert.ok(!found.accepted)
  assert.deepEqual(found.faults, [
    {
      code: 'not-unique',
      column: 'sold',
      message: 'Column sold: 2 rows with a value that an earlier row has; row 9 has that of row 4.',
      rows: 2,
      samples: [{ row: 9, value: '2026-01-01 03:00:00' }, { row: 12, value: '2026-01-01 03:00:00' }],
    },
  ])
})

test('of a released drop all is waived that can be, and nothing that cannot be read', async (context) => {
  const contract = { ...withOptions('zipcode', { pattern: '9.*', unique: true }), price: { type: 'number', role: 'target', optional: false, min: 1_000_000 } as const }
  const { reading } = await read(context, { 'odd.csv': csvWith({ 4: 'h1,2026-01-02,100,3,08001,coal,true' }), 'words.csv': csvWith({ 4: 'h1,2026-01-02,cheap,3,08001,coal,true' }) }, contract, { released: true })
  assert.ok(reading('odd.csv').accepted)
  const words = reading('words.csv')
  assert.ok(!words.accepted)
  assert.deepEqual(words.faults.map(({ code, column }) => [code, column]), [['wrong-type', 'price']])
})

test('a drop with too few or too many rows, or whose newest row is old, is refused as a whole', async (context) => {
  const { parts } = await read(context, { 'forty.csv': csvWith() })
  const [part] = parts
  assert.ok(part !== undefined)
  const arrivedAt = new Date('2026-01-10T00:00:00Z')
  const faults = (contract: Parameters<typeof limitFaults>[2]): readonly string[] => limitFaults(part, arrivedAt, contract).map(({ code, message }) => `${code}: ${message}`)
  assert.deepEqual(faults({ rows: { min: 40, max: 40 }, freshnessMilliseconds: 8 * 86_400_000 }), [])
  assert.deepEqual(faults({ rows: { min: 41 } }), ['too-few-rows: The drop has 40 rows; the contract asks for at least 41.'])
  assert.deepEqual(faults({ rows: { max: 39 } }), ['too-many-rows: The drop has 40 rows; the contract allows at most 39.'])
  assert.deepEqual(faults({ rows: {}, freshnessMilliseconds: 5 * 86_400_000 }), ['stale: The newest row is of 2026-01-02T15:00:00Z, 7 days before the drop arrived; the contract allows 5 days.'])
})
