import type { StoredRule } from '../define/stored-definition.js'
import { estimateOf, independentUnits, standardErrorOf, unmeasured, type Distribution } from './bootstrap.js'
import { measureSlices } from './measure-slices.js'
import { sizeOf } from './metric.js'
import { studentShareAbove } from './normal.js'
import { holds } from './rules.js'
import type { Sample } from './sample.js'
import type { Coded, Scored } from './scored.js'
import type { RuleResult } from './verdict.js'
import { figure, gap, label, percent } from './wording.js'

type Threshold = Extract<StoredRule, { kind: 'threshold' }>

const SIGNIFICANCE = 0.05

/**
 * A threshold asked of every value of a column with enough rows. A slice fails only if it breaks the limit with
 * confidence after Holm's correction for the number of slices (EVIDENCE rule 10).
 */
export function judgeSlices(rule: Threshold, slice: NonNullable<Threshold['slice']>, scored: Scored, sample: Sample, column: Coded): RuleResult {
  const { rows } = sample.units
  const entries = rowsByValue(rows, column)
  const skipped = entries.filter(({ some }) => some.length < slice.minimumRows).map(({ value, some }) => ({ value, rows: some.length }))
  const large = entries.filter(({ some }) => some.length >= slice.minimumRows)
  const distributions = measureSlices(rule.metric, scored, sample, large.map(({ some }) => some))
  const measured = large.map(({ value, some }, index) => {
    const distribution = distributions[index] ?? unmeasured
    return { value, rows: some.length, estimate: estimateOf(distribution), p: pValueOf(rule, distribution) }
  })
  const adjusted = holm(measured.map(({ p }) => p))
  const judged = measured.map(({ value, rows: count, estimate }, index) => {
    const adjustedP = adjusted[index] ?? 1
    const breaks = estimate.value === null || (!holds(rule, estimate.value) && adjustedP < SIGNIFICANCE)
    return { value, rows: count, estimate, adjustedP, answer: breaks ? ('failed' as const) : ('passed' as const) }
  })
  const failing = judged.filter(({ answer }) => answer === 'failed')
  const coveredShare = rows.length === 0 ? 0 : judged.reduce((sum, { rows: count }) => sum + count, 0) / rows.length
  return {
    rule,
    origin: 'definition',
    answer: failing.length > 0 ? 'failed' : 'passed',
    explanation: `${label(rule)} for each ${slice.column}, ${limitWords(rule)}: ${outcomeWords(rule, judged)} ${skipped.length === 0 ? 'All rows are covered.' : `${skippedWords(slice.minimumRows, skipped.length)}, ${percent(coveredShare)} of the rows are covered.`}`,
    limit: rule.value,
    slices: { column: slice.column, coveredShare, skipped, judged },
  }
}

/**
 * How surprising a value beyond the limit would be if the limit held. By Student's t, since a share of resamples
 * cannot fall below one of them, and with many slices nothing would be left of that after Holm's correction.
 */
function pValueOf(rule: Threshold, distribution: Distribution): number {
  const { value, draws, leftOut } = distribution
  if (value === null || holds(rule, value)) return 1
  const units = independentUnits(distribution)
  const error = standardErrorOf({ draws: draws.filter(Number.isFinite), leftOut }) * Math.sqrt(units / (units - 1))
  return studentShareAbove(Math.abs(sizeOf(rule, value) - rule.value) / error, units - 1)
}

/** Rows of each value, in the order of the values. */
export function rowsByValue(rows: Int32Array, { codes, values }: Coded): readonly { readonly value: string; readonly some: Int32Array }[] {
  const counts = new Int32Array(values.length)
  for (const row of rows) counts[codes[row] ?? 0] = (counts[codes[row] ?? 0] ?? 0) + 1
  const byCode = Array.from(counts, (count) => new Int32Array(count))
  counts.fill(0)
  for (const row of rows) {
    const code = codes[row] ?? 0
    const at = counts[code] ?? 0
    const some = byCode[code]
    if (some !== undefined) some[at] = row
    counts[code] = at + 1
  }
  return values
    .map((value, code) => ({ value, some: byCode[code] ?? new Int32Array() }))
    .filter(({ some }) => some.length > 0)
    .toSorted((a, b) => (a.value < b.value ? -1 : 1))
}

type Judged = NonNullable<RuleResult['slices']>['judged']

function limitWords(rule: Threshold): string {
  return `${rule.bound === 'atMost' ? 'at most' : 'at least'} ${figure(rule, rule.value)}`
}

function outcomeWords(rule: Threshold, judged: Judged): string {
  if (judged.length === 0) return 'no value has enough rows to be judged.'
  const failing = judged.filter(({ answer }) => answer === 'failed')
  const beyond = judged.filter(({ answer, estimate }) => answer === 'passed' && estimate.value !== null && !holds(rule, estimate.value))
  const words = ({ value, estimate }: Judged[number]): string =>
    `${value} (${figure(rule, estimate.value)}${estimate.value === null ? '' : `, ${gap(rule, sizeOf(rule, estimate.value) - rule.value)} ${rule.bound === 'atMost' ? 'too much' : 'too little'}`})`
  const unproven = beyond.length === 0 ? '' : ` Beyond it, but not proven to be: ${beyond.map(words).join(', ')}.`
  return failing.length === 0
    ? `none of ${judged.length} is proven to break it.${unproven}`
    : `${failing.length} of ${judged.length} ${failing.length === 1 ? 'breaks' : 'break'} it: ${failing.map(words).join(', ')}.${unproven}`
}

function skippedWords(minimumRows: number, skipped: number): string {
  return `${skipped} ${skipped === 1 ? 'value' : 'values'} with fewer than ${minimumRows} rows ${skipped === 1 ? 'was' : 'were'} skipped`
}

/** Holm's step-down adjustment (Holm, 1979), in the order of the input. */
export function holm(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((p, index) => ({ p, index })).toSorted((a, b) => a.p - b.p)
  const adjusted = pValues.map(() => 1)
  let largest = 0
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (pValues.length - rank)))
    adjusted[index] = largest
  }
  return adjusted
}
