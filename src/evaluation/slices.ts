import type { StoredRule } from '../define/stored-definition.js'
import { estimateOf, resample } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import { holds } from './rules.js'
import type { Scored } from './scored.js'
import { unitsOf } from './units.js'
import type { RuleResult } from './verdict.js'
import { figure, label, percent } from './wording.js'

type Threshold = Extract<StoredRule, { kind: 'threshold' }>

const SIGNIFICANCE = 0.05

/**
 * A threshold asked of every value of a column with enough rows. A slice fails only if it breaks the limit with
 * confidence after Holm's correction for the number of slices (EVIDENCE rule 10).
 */
export function judgeSlices(
  rule: Threshold,
  slice: NonNullable<Threshold['slice']>,
  scored: Scored,
  rows: Int32Array,
  unitOfRow: readonly string[],
  valueOfRow: readonly string[],
  seed: number,
): RuleResult {
  const byValue = new Map<string, number[]>()
  for (const row of rows) {
    const value = valueOfRow[row] ?? ''
    const found = byValue.get(value)
    if (found === undefined) byValue.set(value, [row])
    else found.push(row)
  }
  const entries = [...byValue].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const skipped = entries.filter(([, some]) => some.length < slice.minimumRows).map(([value, some]) => ({ value, rows: some.length }))
  const measured = entries
    .filter(([, some]) => some.length >= slice.minimumRows)
    .map(([value, some]) => {
      const units = unitsOf(Int32Array.from(some), unitOfRow)
      const [distribution] = resample([evaluatorOf(rule.metric, scored, units)], units.count, seed)
      if (distribution === undefined) throw new Error('no distribution for a slice')
      const within = distribution.draws.reduce((sum, draw) => sum + (holds(rule, draw) ? 1 : 0), 0)
      return { value, rows: some.length, estimate: estimateOf(distribution), p: (within + 1) / (distribution.draws.length + 1) }
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
    explanation:
      `${label(rule.metric)} for each ${slice.column}: ` +
      `${failing.length === 0 ? `all ${judged.length} values keep` : `${failing.map(({ value, estimate }) => `${value} (${figure(rule.metric, estimate.value)})`).join(', ')} of ${judged.length} values break`} ` +
      `${rule.bound === 'atMost' ? 'at most' : 'at least'} ${figure(rule.metric, rule.value)}; ` +
      `${skipped.length} values with fewer than ${slice.minimumRows} rows were skipped, ${percent(coveredShare)} of the rows are covered.`,
    limit: rule.value,
    slices: { column: slice.column, coveredShare, skipped, judged },
  }
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
