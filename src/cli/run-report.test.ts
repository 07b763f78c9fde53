import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testedOn } from './run-report.js'

test('rows are counted once where they are the units themselves', () => {
  const of = (rows: number, units: number, unit: string, ineligibleRows = 0): string => testedOn({ rows, units, unit, ineligibleRows, freshRows: 0 })
  assert.equal(of(575, 575, 'row'), '575 rows')
  assert.equal(of(1773, 1772, 'row'), '1,773 rows in 1,772 units')
  assert.equal(of(3742, 3511, 'group', 12), '3,742 rows in 3,511 groups, 12 left out as seen before')
  assert.equal(of(24, 1, 'day'), '24 rows in 1 day')
})
