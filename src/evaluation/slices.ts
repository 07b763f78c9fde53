import type { StoredRule } from '../define/stored-definition.js'
import { estimateOf, independentUnits, standardErrorOf, unmeasured, type Distribution } from './bootstrap.js'
import { measureSlices } from './measure-slices.js'
import { sizeOf } from './metric.js'
import { studentShareAbove } from './normal.js'
import { holds } from './rules.js'
import type { Sample } from './sample.js'
import type { Coded, Scored } from './scored.js'
import { rowsThatCount } from './units.js'
import type { RuleResult } from './verdict.js'
import { figure, gap, label, percent } from './wording.js'

type Threshold = Extract<StoredRule, { kind: 'threshold' }>

const SIGNIFICANCE = 0.05

/** The champion on the same rows (EVIDENCE rule 8). */
interface Beside {
  readonly version: number
  readonly scored: Scored
}

/**
 * A threshold asked of every value of a column with enough rows. A slice fails only if it breaks the limit with
 * confidence after Holm's correction for the number of slices (EVIDENCE rule 10). The champion is asked the same.
 */
export function judgeSlices(rule: Threshold, slice: NonNullable<Threshold['slice']>, scored: Scored, sample: Sample, column: Coded, champion?: Beside): RuleResult {
  const rows = rowsThatCount(sample.units)
  const entries = rowsByValue(rows, column)
  const skipped = entries.filter(({ some }) => some.length < slice.minimumRows).map(({ value, some }) => ({ value, rows: some.length }))
  const large = entries.filter(({ some }) => some.length >= slice.minimumRows)
  const models = [scored, ...(champion === undefined ? [] : [champion.scored])]
  const distributions = measureSlices(rule.metric, models, sample, large.map(({ some }) => some))
  const ofModel = (model: number): readonly Found[] => judgeModel(rule, large.map((_, index) => distributions[index]?.[model] ?? unmeasured))
  const [own, beside] = [ofModel(0), champion === undefined ? undefined : ofModel(1)]
  const judged = own.map((found, index): Judged[number] => {
    const other = beside?.[index]
    return { value: large[index]?.value ?? '', rows: large[index]?.some.length ?? 0, ...found, ...(other === undefined ? {} : { champion: other }) }
  })
  const failing = judged.filter(({ answer }) => answer === 'failed')
  const coveredShare = rows.length === 0 ? 0 : judged.reduce((sum, { rows: count }) => sum + count, 0) / rows.length
  return {
    rule,
    origin: 'definition',
    answer: failing.length > 0 ? 'failed' : 'passed',
    explanation: `${label(rule)} for each ${slice.column}, ${limitWords(rule)}: ${outcomeWords(rule, judged)} ${skipped.length === 0 ? 'All rows are covered.' : `${skippedWords(slice.minimumRows, skipped.length)}, ${percent(coveredShare)} of the rows are covered.`}${besideWords(rule, judged, champion?.version)}`,
    limit: rule.value,
    slices: { column: slice.column, coveredShare, skipped, judged },
  }
}

type Found = Pick<Judged[number], 'estimate' | 'adjustedP' | 'answer'>

/** What a model has of each slice, and whether it is proven to break the limit there. */
function judgeModel(rule: Threshold, slices: readonly Distribution[]): readonly Found[] {
  const adjusted = holm(slices.map((distribution) => pValueOf(rule, distribution)))
  return slices.map((distribution, index) => {
    const [estimate, adjustedP] = [estimateOf(distribution), adjusted[index] ?? 1]
    const breaks = estimate.value === null || (!holds(rule, estimate.value) && adjustedP < SIGNIFICANCE)
    return { estimate, adjustedP, answer: breaks ? 'failed' : 'passed' }
  })
}

/** How the champion breaks a threshold that is asked of each value of a column; undefined where it is not proven to. */
export function sliceShortfall({ rule, slices }: RuleResult): string | undefined {
  if (rule.kind !== 'threshold' || rule.slice === undefined) return undefined
  const ofChampion = (slices?.judged ?? []).flatMap(({ value, rows, champion }) => (champion === undefined ? [] : [{ value, rows, ...champion }]))
  return ofChampion.some(({ answer }) => answer === 'failed') ? `${label(rule)} for each ${rule.slice.column}, ${limitWords(rule)}: ${outcomeWords(rule, ofChampion)}` : undefined
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
  const words = (each: Judged[number]): string => valueWords(rule, each)
  const unproven = beyond.length === 0 ? '' : ` Beyond it, but not proven to be: ${beyond.map(words).join(', ')}.`
  return failing.length === 0
    ? `none of ${judged.length} is proven to break it.${unproven}`
    : `${failing.length} of ${judged.length} ${failing.length === 1 ? 'breaks' : 'break'} it: ${failing.map(words).join(', ')}.${unproven}`
}

function valueWords(rule: Threshold, { value, estimate }: Pick<Judged[number], 'value' | 'estimate'>): string {
  return `${value} (${figure(rule, estimate.value)}${estimate.value === null ? '' : `, ${gap(rule, sizeOf(rule, estimate.value) - rule.value)} ${rule.bound === 'atMost' ? 'too much' : 'too little'}`})`
}

function skippedWords(minimumRows: number, skipped: number): string {
  return `${skipped} ${skipped === 1 ? 'value' : 'values'} with fewer than ${minimumRows} rows ${skipped === 1 ? 'was' : 'were'} skipped`
}

/** The values in which the champion is proven to break it too. */
function besideWords(rule: Threshold, judged: Judged, version: number | undefined): string {
  const broken = judged.flatMap(({ value, champion }) => (champion?.answer === 'failed' ? [{ value, estimate: champion.estimate }] : []))
  return version === undefined || broken.length === 0 ? '' : ` Version ${version} breaks it on the same rows: ${broken.map((each) => valueWords(rule, each)).join(', ')}.`
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
