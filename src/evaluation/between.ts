import type { MetricRule } from '../define/stored-definition.js'
import { estimateOf, independentUnits, resampleTogether, standardErrorOf, unmeasured, type Distribution } from './bootstrap.js'
import { besideEachOther } from './influence.js'
import { evaluatorOf } from './metric.js'
import { studentShareAbove } from './normal.js'
import type { Sample } from './sample.js'
import type { Coded, Scored } from './scored.js'
import { holm, rowsByValue } from './slices.js'
import { smallness } from './small-sets.js'
import { rowsThatCount, within } from './units.js'
import type { RuleResult } from './verdict.js'
import { figure, gap, label, percent } from './wording.js'

type Between = Extract<MetricRule, { kind: 'between' }>
type Found = NonNullable<RuleResult['between']>

const SIGNIFICANCE = 0.05
/** Of 70 values there are 2,415 pairs. */
const MOST_PAIRS = 50

/**
 * How far the metric of the values of a column is apart: every two of them are compared, on the same draws, for one
 * group may have rows of both. Two fail only if they are proven to be farther apart than allowed, after Holm's
 * correction for the number of pairs, as slices do (EVIDENCE rule 10).
 */
export function judgeBetween(rule: Between, scored: Scored, sample: Sample, column: Coded, split: 'group' | 'time', unit: string): RuleResult {
  const rows = rowsThatCount(sample.units)
  const entries = rowsByValue(rows, column).map(({ value, some }) => ({ value, some, reason: whyTooSmall(rule, scored, sample, some, split, unit) }))
  const skipped = entries.flatMap(({ value, some, reason }) => (reason === undefined ? [] : [{ value, rows: some.length, reason }]))
  const large = entries.filter(({ reason }) => reason === undefined)
  const measured = resampleTogether(
    large.map(({ some }) => {
      const units = within(sample.drawn, some)
      return { units, evaluators: [evaluatorOf(rule.metric, scored, units)] }
    }),
    sample,
  )
  const groups = large.map(({ value, some }, index) => ({ value, rows: some.length, distribution: measured[index]?.[0] ?? unmeasured }))
  const pairs = groups.flatMap((one, index) => groups.slice(index + 1).map((other) => pairOf(rule, one, other)))
  const adjusted = holm(pairs.map(({ p }) => p))
  const judged = pairs
    .map(({ values, difference }, index) => {
      const adjustedP = adjusted[index] ?? 1
      // Undefined fails closed (EVIDENCE rule 11).
      return { values, difference, adjustedP, answer: difference.value === null || adjustedP < SIGNIFICANCE ? ('failed' as const) : ('passed' as const) }
    })
    .toSorted((a, b) => (b.difference.value ?? Number.POSITIVE_INFINITY) - (a.difference.value ?? Number.POSITIVE_INFINITY))
  const beyond = judged.filter(({ difference, answer }) => answer === 'failed' || (difference.value ?? 0) > rule.limit)
  const coveredShare = rows.length === 0 ? 0 : groups.reduce((sum, group) => sum + group.rows, 0) / rows.length
  const found: Found = {
    column: rule.column,
    coveredShare,
    skipped,
    groups: groups.map(({ value, rows: count, distribution }) => ({ value, rows: count, estimate: estimateOf(distribution) })),
    pairs: (beyond.length > 0 ? beyond : judged).slice(0, beyond.length > 0 ? MOST_PAIRS : 1),
  }
  const answer = judged.some((pair) => pair.answer === 'failed') ? 'failed' : judged.length === 0 ? 'inconclusive' : 'passed'
  return { rule, origin: 'definition', answer, explanation: `${wordsOf(rule, found, judged.length)} ${skippedWords(found)}`, limit: rule.limit, between: found }
}

/** Why a value is not compared (EVIDENCE rule 9); undefined if it is. */
function whyTooSmall(rule: Between, scored: Scored, sample: Sample, rows: Int32Array, split: 'group' | 'time', unit: string): string | undefined {
  if (rows.length < rule.minimumRows) return `fewer than ${rule.minimumRows} rows`
  return smallness(split, unit, within(sample.units, rows), scored)
}

interface Group {
  readonly value: string
  readonly distribution: Distribution
}

/**
 * Two values, that with the higher figure first. How surprising the distance would be if the true one were the limit, on
 * either side: by Student's t with the effective units of the smaller of the two.
 */
function pairOf({ limit }: Between, one: Group, other: Group): { values: [string, string]; difference: ReturnType<typeof estimateOf>; p: number } {
  const isHigher = (one.distribution.value ?? 0) >= (other.distribution.value ?? 0)
  const [high, low] = isHigher ? [one, other] : [other, one]
  const [a, b] = [high.distribution, low.distribution]
  const distance: Distribution = {
    value: a.value === null || b.value === null ? null : a.value - b.value,
    draws: a.draws.map((draw, index) => draw - (b.draws[index] ?? Number.NaN)),
    effectiveUnits: Math.min(a.effectiveUnits, b.effectiveUnits),
    leftOut: besideEachOther(a.leftOut, b.leftOut, (above, below) => above - below),
    isDifference: true,
  }
  return { values: [high.value, low.value], difference: estimateOf(distance), p: pValueOf(distance, limit) }
}

function pValueOf(distance: Distribution, limit: number): number {
  const { value, draws, leftOut } = distance
  if (value === null || value <= limit) return 1
  const units = independentUnits(distance)
  const error = standardErrorOf({ draws: draws.filter(Number.isFinite), leftOut }) * Math.sqrt(units / (units - 1))
  return studentShareAbove((value - limit) / error, units - 1) + studentShareAbove((value + limit) / error, units - 1)
}

function wordsOf(rule: Between, { groups, pairs }: Found, compared: number): string {
  const name = label(rule)
  const [worst] = pairs
  if (worst === undefined) return `${capital(name)} of the values of ${rule.column} cannot be compared: fewer than two have enough rows.`
  const undefinedOne = groups.find(({ estimate }) => estimate.value === null)
  if (undefinedOne !== undefined) return `${capital(name)} of ${undefinedOne.value} (${rule.column}) is undefined, and an undefined figure never passes.`
  const of = (value: string): string => `${value} (${figure(rule, groups.find((group) => group.value === value)?.estimate.value ?? null)})`
  const [high = '', low = ''] = worst.values
  const { value, lower, upper } = worst.difference
  const interval = lower === null || upper === null ? '' : ` (90 % interval: ${signedGap(rule, lower)} to ${signedGap(rule, upper)})`
  const proven = pairs.filter(({ answer }) => answer === 'failed')
  const apart = `${capital(name)} is farthest apart, among the values of ${rule.column}, between ${of(high)} and ${of(low)}: ${gap(rule, value ?? 0)}${interval}. At most ${gap(rule, rule.limit)} is allowed`
  if (proven.length > 0) return `${apart}; proven to be more for ${pairNames(proven)}${compared > 1 ? `, of ${compared} pairs` : ''}.`
  return (value ?? 0) > rule.limit ? `${apart}; it is not proven to be more for any pair. Beyond it as measured: ${pairNames(pairs)}.` : `${apart}.`
}

function pairNames(pairs: Found['pairs']): string {
  return pairs.map(({ values }) => values.join(' and ')).join('; ')
}

function signedGap(rule: Between, size: number): string {
  return size < 0 ? `-${gap(rule, size)}` : gap(rule, size)
}

function skippedWords({ skipped, coveredShare }: Found): string {
  const counted = skipped.length === 0 ? 'No value was skipped' : `${skipped.length} ${skipped.length === 1 ? 'value was' : 'values were'} skipped as too small`
  return `${counted}, ${percent(coveredShare)} of the rows are covered.`
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
