import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coded, regressionCase } from '../../test/evaluation/cases.js'
import type { StoredRule } from '../define/stored-definition.js'
import { judge } from './judge.js'
import { sampleOf } from './sample.js'
import { holm, judgeSlices } from './slices.js'
import type { RuleResult } from './verdict.js'

const rule = {
  kind: 'threshold',
  metric: 'mae',
  bound: 'atMost',
  value: 120,
  slice: { column: 'zipcode', minimumRows: 30 },
} as const satisfies StoredRule

/** Zipcodes with their numbers of rows, all groups of their own, and the mean and relative spread of their errors. */
function sliced(zipcodes: readonly { readonly rows: number; readonly error: number; readonly spread?: number }[], weightless: readonly number[] = []): RuleResult {
  const sizes = zipcodes.flatMap(({ rows, error, spread = 0.5 }, zipcode) =>
    Array.from({ length: rows }, (_, row) => ({ zipcode: `z${String(zipcode).padStart(3, '0')}`, error: error * (1 + spread * ((2 * row) / (rows - 1) - 1)) })),
  )
  const targets = new Float64Array(sizes.length)
  const rows = Int32Array.from(sizes, (_, row) => row)
  return judgeSlices(
    rule,
    rule.slice,
    { task: 'regression', targets, values: Float64Array.from(sizes, ({ error }) => error) },
    sampleOf(rows, rows, 7, 1, weightless.length === 0 ? {} : { weights: Float64Array.from(sizes, ({ zipcode }) => (weightless.includes(Number(zipcode.slice(1))) ? 0 : 1)) }),
    coded(sizes.map(({ zipcode }) => zipcode)),
  )
}

test('Holm’s correction is that of the textbook', () => {
  assert.deepEqual(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
  assert.deepEqual(holm([0.9, 0.8]), [1, 1])
  assert.deepEqual(holm([]), [])
})

test('a slice that is proven to break the limit fails, by name and amount', () => {
  const result = sliced([{ rows: 40, error: 100 }, { rows: 40, error: 160 }, { rows: 40, error: 100 }])
  assert.equal(result.answer, 'failed')
  assert.deepEqual(result.slices?.judged.map(({ value, answer }) => [value, answer]), [['z000', 'passed'], ['z001', 'failed'], ['z002', 'passed']])
  assert.match(result.explanation, /^MAE for each zipcode, at most 120: 1 of 3 breaks it: z001 \(1\d\d\.?\d*, \d+\.?\d* too much\)\. All rows are covered\.$/)
})

test('a slice beyond the limit without proof passes, and is named', () => {
  const result = sliced([{ rows: 40, error: 123, spread: 1 }, { rows: 40, error: 60 }])
  assert.ok((result.slices?.judged[0]?.estimate.value ?? 0) > 120)
  assert.equal(result.answer, 'passed')
  assert.match(result.explanation, /none of 2 is proven to break it\. Beyond it, but not proven to be: z000 \(/)
})

test('rows that count for nothing are no slice, and cover nothing', () => {
  const result = sliced([{ rows: 40, error: 100 }, { rows: 40, error: 900 }], [1])
  assert.deepEqual([result.answer, result.slices?.judged.map(({ value }) => value), result.slices?.coveredShare], ['passed', ['z000'], 1])
})

test('what breaks the limit as the only slice may be luck among many', () => {
  const suspect = { rows: 40, error: 145, spread: 0.95 }
  const alone = sliced([suspect])
  const many = sliced([suspect, ...Array.from({ length: 99 }, () => ({ rows: 40, error: 80 }))])
  assert.equal(alone.answer, 'failed')
  assert.equal(many.answer, 'passed')
  assert.equal(many.slices?.judged[0]?.estimate.value, alone.slices?.judged[0]?.estimate.value)
})

test('one bad slice among five hundred still fails', () => {
  const result = sliced([{ rows: 35, error: 240 }, ...Array.from({ length: 499 }, () => ({ rows: 30, error: 80 }))])
  assert.deepEqual(result.slices?.judged.filter(({ answer }) => answer === 'failed').map(({ value }) => value), ['z000'])
})

test('slices with too few rows are skipped and listed, with the share of rows that the others cover', () => {
  const result = sliced([{ rows: 60, error: 100 }, { rows: 29, error: 900 }, { rows: 11, error: 900 }])
  assert.equal(result.answer, 'passed')
  assert.deepEqual(result.slices?.skipped, [{ value: 'z001', rows: 29 }, { value: 'z002', rows: 11 }])
  assert.equal(result.slices?.coveredShare, 0.6)
  assert.match(result.explanation, /2 values with fewer than 30 rows were skipped, 60 % of the rows are covered\.$/)
})

test('when every slice is too small the rule says that none was judged', () => {
  const result = sliced([{ rows: 29, error: 900 }])
  assert.deepEqual([result.answer, result.slices?.coveredShare], ['passed', 0])
  assert.match(result.explanation, /no value has enough rows to be judged\. 1 value with fewer than 30 rows was skipped, 0 % of the rows are covered\.$/)
})

test('many rows of a single group prove nothing about a slice', () => {
  const input = regressionCase({ units: 40 })
  const slices = { zipcode: coded(Array.from({ length: 160 }, (_, row) => (row < 80 ? 'large' : 'rest'))) }
  const unitOfRow = input.unitOfRow.map((unit, row) => (row < 80 ? 0 : unit))
  const [result] = judge({ ...input, slices, unitOfRow, rules: [{ ...rule, value: 20 }] }).rules
  assert.deepEqual(result?.slices?.judged.map(({ value, answer }) => [value, answer]), [['large', 'passed'], ['rest', 'failed']])
})

test('a slice whose metric is undefined fails closed', () => {
  const input = regressionCase({ units: 40 })
  assert.ok(input.candidate.task === 'regression')
  const targets = input.candidate.targets.map((target, row) => (row === 0 ? 0 : target))
  const slices = { zipcode: coded(Array.from({ length: 160 }, (_, row) => (row < 80 ? 'with a zero' : 'without'))) }
  const [result] = judge({ ...input, slices, candidate: { ...input.candidate, targets }, rules: [{ ...rule, metric: 'mape', value: 5 }] }).rules
  assert.deepEqual(result?.slices?.judged.map(({ value, answer }) => [value, answer]), [['with a zero', 'failed'], ['without', 'passed']])
  assert.match(result?.explanation ?? '', /1 of 2 breaks it: with a zero \(undefined\)/)
})
