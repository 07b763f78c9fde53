import assert from 'node:assert/strict'
import { test } from 'node:test'
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
