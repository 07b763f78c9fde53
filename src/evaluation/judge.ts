import type { MetricName, StoredRule, Task } from '../define/stored-definition.js'
import { estimateOf, resample, RESAMPLES, type Distribution } from './bootstrap.js'
import { defaultMargin, evaluatorOf, metricsOf, primaryMetricOf } from './metric.js'
import { compare, holds, judgeAgainstBaseline, judgeAgainstChampion, judgeThreshold } from './rules.js'
import type { Scored } from './scored.js'
import { judgeSlices } from './slices.js'
import { summarise } from './summary.js'
import { rowsWhere, unitsOf } from './units.js'
import type { Answer, Estimate, RuleResult, Verdict } from './verdict.js'
import { comparison } from './wording.js'

/** What is judged. All row-wise arrays run over the same test rows. */
export interface Case {
  readonly task: Task
  /** The definition's rules; empty: the default ones. */
  readonly rules: readonly StoredRule[]
  readonly candidate: Scored
  readonly baseline: Scored
  readonly champion?: ChampionCase | undefined
  /** Resampling unit of each row, and what it is: `group`, `row`, `day`, `hour`. */
  readonly unitOfRow: readonly string[]
  readonly unit: string
  readonly split: 'group' | 'time'
  /** Rows that neither model has trained or validated on (EVIDENCE rule 4). */
  readonly eligible: (row: number) => boolean
  /** Values of the columns that slices are asked for. */
  readonly slices: Readonly<Record<string, readonly string[]>>
  readonly seed: number
}

export interface ChampionCase {
  readonly version: number
  /** Undefined when it cannot score these rows (EVIDENCE rule 13): why. */
  readonly scored: Scored | undefined
  readonly reason?: string | undefined
  /** Rows that arrived after the champion's snapshot. */
  readonly fresh: (row: number) => boolean
}

/** EVIDENCE rule 9. */
const SMALLEST = { group: 30, time: 20, class: 10 }

/** Judges a candidate by the rules of evidence. The same case gives the same verdict to the last bit. */
export function judge(input: Case): Verdict {
  const length = input.unitOfRow.length
  const rows = rowsWhere(length, input.eligible)
  const units = unitsOf(rows, input.unitOfRow)
  const metrics = metricsOf(input.task)
  const scored = [input.candidate, input.baseline, ...(input.champion?.scored === undefined ? [] : [input.champion.scored])]
  const distributions = resample(scored.flatMap((model) => metrics.map((metric) => evaluatorOf(metric, model, units))), units.count, input.seed)
  const of = (model: number): ReadonlyMap<MetricName, Distribution> =>
    new Map(metrics.map((metric, index) => [metric, distributions[model * metrics.length + index] ?? { value: null, draws: new Float64Array() }]))
  const measured: Measured = { candidate: of(0), baseline: of(1), champion: input.champion?.scored === undefined ? undefined : of(2) }
  const { rules, origin } = rulesOf(input)
  const results = rules.map((rule) => judgeRule(input, rule, origin(rule), measured, rows))
  const small = smallness(input, rows, units.count)
  const answer = answerOf(results, small)
  const verdict: Omit<Verdict, 'summary'> = {
    formatVersion: 1,
    answer,
    primaryMetric: primaryOf(input),
    candidate: estimates(measured.candidate),
    ...(input.champion === undefined || measured.champion === undefined
      ? {}
      : { champion: { version: input.champion.version, metrics: estimates(measured.champion) } }),
    baseline: estimates(measured.baseline),
    rules: results,
    test: {
      rows: rows.length,
      units: units.count,
      unit: input.unit,
      ineligibleRows: length - rows.length,
      freshRows: input.champion === undefined ? rows.length : rows.filter(input.champion.fresh).length,
    },
    resamples: RESAMPLES,
    seed: input.seed,
    belowStandard: isBelowStandard(rules, measured.champion),
    warnings: small === undefined ? [] : [small],
  }
  return { ...verdict, summary: summarise(verdict) }
}

interface Measured {
  readonly candidate: ReadonlyMap<MetricName, Distribution>
  readonly baseline: ReadonlyMap<MetricName, Distribution>
  readonly champion: ReadonlyMap<MetricName, Distribution> | undefined
}

const nothing: Distribution = { value: null, draws: new Float64Array() }

function rulesOf(input: Case): { rules: readonly StoredRule[]; origin: (rule: StoredRule) => RuleResult['origin'] } {
  const primary = primaryMetricOf(input.task)
  const defaults: readonly StoredRule[] = [{ kind: 'champion', metric: primary, comparison: 'notWorse', margin: defaultMargin(primary) }]
  const asked = input.rules.length === 0 ? defaults : input.rules
  const applicable = asked.filter((rule) => rule.kind !== 'champion' || input.champion !== undefined)
  const needsBaseline = input.champion === undefined && !applicable.some((rule) => rule.kind === 'baseline')
  const builtIn: readonly StoredRule[] = needsBaseline ? [{ kind: 'baseline', metric: primary }] : []
  return {
    rules: [...applicable, ...builtIn],
    origin: (rule) => (builtIn.includes(rule) ? 'built-in' : input.rules.length === 0 ? 'default' : 'definition'),
  }
}

function judgeRule(input: Case, rule: StoredRule, origin: RuleResult['origin'], measured: Measured, rows: Int32Array): RuleResult {
  const candidate = measured.candidate.get(rule.metric) ?? nothing
  switch (rule.kind) {
    case 'baseline':
      return judgeAgainstBaseline(rule, origin, candidate, measured.baseline.get(rule.metric) ?? nothing)
    case 'threshold':
      return rule.slice === undefined
        ? judgeThreshold(rule, origin, candidate, measured.champion?.get(rule.metric))
        : judgeSlices(rule, rule.slice, input.candidate, rows, input.unitOfRow, input.slices[rule.slice.column] ?? [], input.seed)
    case 'champion':
      return judgeComparison(input, rule, origin, measured, rows)
  }
}

/** The two yardsticks of EVIDENCE rule 5: fresh rows where they settle it, and never proven worse on the champion's own. */
function judgeComparison(
  input: Case,
  rule: Extract<StoredRule, { kind: 'champion' }>,
  origin: RuleResult['origin'],
  measured: Measured,
  rows: Int32Array,
): RuleResult {
  const { champion } = input
  if (champion === undefined) throw new Error('a comparison needs a champion')
  if (champion.scored === undefined) {
    const explanation = `Version ${champion.version} cannot score these rows: ${champion.reason ?? 'unknown reason'}. Approve the candidate to break the deadlock.`
    return { rule, origin, answer: 'inconclusive', explanation }
  }
  const all = { candidate: measured.candidate.get(rule.metric) ?? nothing, champion: measured.champion?.get(rule.metric) ?? nothing }
  const fresh = onRows(input, champion.scored, rule.metric, rows.filter(champion.fresh))
  const own = onRows(input, champion.scored, rule.metric, rows.filter((row) => !champion.fresh(row)))
  const freshSettles = fresh !== undefined && compare(rule, fresh.candidate, fresh.champion).answer !== 'inconclusive'
  const deciding = freshSettles ? fresh : all
  const units = freshSettles ? fresh.units : unitsOf(rows, input.unitOfRow).count
  const ownBounds = own === undefined ? undefined : compare(rule, own.candidate, own.champion)
  const besides = [
    ...(freshSettles ? ['Decided on rows that arrived after the champion was trained.'] : own === undefined ? [] : ['Decided on all test rows, some of which the champion was selected on.']),
    ...(ownBounds === undefined ? [] : [`On the champion's own test rows it is ${ownWords(ownBounds)}.`]),
  ]
  const result = judgeAgainstChampion(rule, origin, deciding.candidate, deciding.champion, { version: champion.version, units, besides })
  const vetoed = input.split === 'group' && ownBounds !== undefined && provenWorse(ownBounds)
  return vetoed && result.answer !== 'failed' ? { ...result, answer: 'failed' } : result
}

function provenWorse({ harm, margin }: ReturnType<typeof compare>): boolean {
  const { lower } = estimateOf(harm)
  return lower !== null && lower > margin
}

function ownWords(own: ReturnType<typeof compare>): string {
  const { value } = estimateOf(own.harm)
  const words = value === null ? 'not comparable' : comparison(own.relative, value)
  return provenWorse(own) ? `${words}, which is proven to be more than allowed` : words
}

function onRows(
  input: Case,
  champion: Scored,
  metric: MetricName,
  rows: Int32Array,
): { candidate: Distribution; champion: Distribution; units: number } | undefined {
  const units = unitsOf(rows, input.unitOfRow)
  if (units.count < SMALLEST[input.split] || scarceClass(input.candidate, rows) !== undefined) return undefined
  const [candidate, other] = resample([evaluatorOf(metric, input.candidate, units), evaluatorOf(metric, champion, units)], units.count, input.seed)
  return candidate === undefined || other === undefined ? undefined : { candidate, champion: other, units: units.count }
}

/** Says what is too small, or undefined (EVIDENCE rule 9). */
function smallness(input: Case, rows: Int32Array, units: number): string | undefined {
  if (units < SMALLEST[input.split]) return `The test set has ${units} ${input.unit}s; at least ${SMALLEST[input.split]} are needed to judge.`
  const scarce = scarceClass(input.candidate, rows)
  return scarce === undefined ? undefined : `The test set has ${scarce} rows of its rarest class; at least ${SMALLEST.class} are needed to judge.`
}

function scarceClass(scored: Scored, rows: Int32Array): number | undefined {
  if (scored.task === 'regression') return undefined
  const counts = new Int32Array(scored.classes)
  for (const row of rows) {
    const label = scored.labels[row] ?? -1
    if (label >= 0) counts[label] = (counts[label] ?? 0) + 1
  }
  const fewest = Math.min(...counts)
  return fewest < SMALLEST.class ? fewest : undefined
}

function answerOf(results: readonly RuleResult[], small: string | undefined): Answer {
  if (small !== undefined) return 'inconclusive'
  if (results.some(({ answer }) => answer === 'failed')) return 'failed'
  return results.some(({ answer }) => answer === 'inconclusive') ? 'inconclusive' : 'passed'
}

function isBelowStandard(rules: readonly StoredRule[], champion: Measured['champion']): boolean {
  if (champion === undefined) return false
  return rules.some((rule) => {
    if (rule.kind !== 'threshold' || rule.slice !== undefined) return false
    const value = champion.get(rule.metric)?.value ?? null
    return value === null || !holds(rule, value)
  })
}

function primaryOf(input: Case): MetricName {
  return input.rules.find((rule) => rule.kind === 'champion')?.metric ?? primaryMetricOf(input.task)
}

function estimates(measured: ReadonlyMap<MetricName, Distribution>): Record<string, Estimate> {
  return Object.fromEntries([...measured].map(([metric, distribution]) => [metric, estimateOf(distribution)]))
}
