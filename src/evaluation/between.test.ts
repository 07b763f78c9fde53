import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coded, uniform } from '../../test/evaluation/cases.js'
import type { MetricRule } from '../define/stored-definition.js'
import { judgeBetween } from './between.js'
import { sampleOf } from './sample.js'
import type { RuleResult } from './verdict.js'

const rule = { kind: 'between', metric: 'mae', column: 'sex', minimumRows: 30, limit: 10 } as const satisfies MetricRule

/** Values of a column with the mean of their errors; rows are groups of their own, unless a unit is said. */
function compared(values: Readonly<Record<string, { readonly rows: number; readonly error: number; readonly spread?: number; readonly target?: number }>>, unitOf = (row: number): number => row, seed = 3): RuleResult {
  const random = uniform(seed)
  const rows = Object.entries(values).flatMap(([value, { rows: count, error, spread = 0.5, target = 100 }]) =>
    Array.from({ length: count }, () => ({ value, target, error: error * (1 + spread * (2 * random() - 1)) })),
  )
  const targets = Float64Array.from(rows, ({ target }) => target)
  const scored = { task: 'regression', targets, values: Float64Array.from(rows, ({ error }, row) => (targets[row] ?? 0) + error) } as const
  const all = Int32Array.from(rows, (_, row) => row)
  return judgeBetween(rule, scored, sampleOf(all, Int32Array.from(all, unitOf), 7), coded(rows.map(({ value }) => value)), 'group', 'group')
}

test('values that are proven to be farther apart than allowed fail, the farthest pair by name and amount', () => {
  const result = compared({ f: { rows: 200, error: 130 }, m: { rows: 200, error: 100 } })
  assert.equal(result.answer, 'failed')
  assert.match(result.explanation, /^MAE is farthest apart, among the values of sex, between f \(1[23]\d\.?\d*\) and m \(\d+\.?\d*\): [\d.]+ \(90 % interval: [\d.]+ to [\d.]+\)\. At most 10 is allowed; proven to be more for f and m\. No value was skipped, 100 % of the rows are covered\.$/)
  assert.deepEqual(result.between?.pairs.map(({ values, answer }) => [values, answer]), [[['f', 'm'], 'failed']])
})

test('values within the limit pass, and so do values beyond it without proof, which are named', () => {
  assert.equal(compared({ f: { rows: 200, error: 105, spread: 0.1 }, m: { rows: 200, error: 100, spread: 0.1 } }).answer, 'passed')
  const unproven = compared({ f: { rows: 40, error: 128, spread: 1 }, m: { rows: 40, error: 100, spread: 1 } })
  assert.ok((unproven.between?.pairs[0]?.difference.value ?? 0) > 10)
  assert.equal(unproven.answer, 'passed')
  assert.match(unproven.explanation, /At most 10 is allowed; it is not proven to be more for any pair\. Beyond it as measured: /)
})

test('what would be proven for one pair may be luck among many', () => {
  const pair = { f: { rows: 60, error: 130, spread: 0.9 }, m: { rows: 60, error: 100, spread: 0.9 } }
  const [alone] = compared(pair).between?.pairs ?? []
  const [among] = compared({ ...pair, ...Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`x${index}`, { rows: 60, error: 115, spread: 0.1 }])) }).between?.pairs ?? []
  assert.ok(alone !== undefined && among !== undefined && among.adjustedP > 10 * alone.adjustedP)
})

test('values with too few rows or groups are skipped by name; with fewer than two left nothing is settled', () => {
  const few = compared({ f: { rows: 200, error: 130 }, m: { rows: 29, error: 10 } })
  assert.equal(few.answer, 'inconclusive')
  assert.deepEqual(few.between?.skipped, [{ value: 'm', rows: 29, reason: 'fewer than 30 rows' }])
  assert.match(few.explanation, /^MAE of the values of sex cannot be compared: fewer than two have enough rows\. 1 value was skipped as too small, 87\.3 % of the rows are covered\.$/)
  const fewGroups = compared({ f: { rows: 200, error: 130 }, m: { rows: 100, error: 10 } }, (row) => (row < 200 ? row : 200 + (row % 10)))
  assert.equal(fewGroups.answer, 'inconclusive')
  assert.match(fewGroups.between?.skipped[0]?.reason ?? '', /10 groups; at least 30/)
})

test('a group whose rows are of both values is drawn for both: what it has in common falls out of the difference', () => {
  const apart = { f: { rows: 100, error: 112, spread: 0.8 }, m: { rows: 100, error: 100, spread: 0.8 } }
  const shared = compared(apart, (row) => row % 100)
  assert.equal(shared.between?.groups.length, 2)
  assert.ok(shared.between.pairs[0]?.difference.lower !== null)
})

test('a figure that is undefined for a value fails closed', () => {
  const random = uniform(1)
  const count = 120
  const targets = Float64Array.from({ length: count }, (_, row) => (row < 60 ? 0 : 100))
  const all = Int32Array.from(targets, (_, row) => row)
  const result = judgeBetween({ ...rule, metric: 'mape' }, { task: 'regression', targets, values: targets.map((target) => target + random()) }, sampleOf(all, all, 7), coded(Array.from(all, (row) => (row < 60 ? 'f' : 'm'))), 'group', 'group')
  assert.equal(result.answer, 'failed')
  assert.match(result.explanation, /^MAPE of f \(sex\) is undefined, and an undefined figure never passes\./)
})
