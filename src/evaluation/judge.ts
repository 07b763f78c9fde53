import { defaultMargin } from '../define/metric-facts.js'
import type { MetricName, MetricRule, StoredRule, Task } from '../define/stored-definition.js'
import { judgeBetween } from './between.js'
import { judgeCreep, type FormerChampion } from './creep.js'
import { judgeComparison, type ChampionCase } from './against-champion.js'
import { estimateOf, resample, RESAMPLES, unmeasured, type Distribution } from './bootstrap.js'
import { besideLesserChampion } from './below-standard.js'
import { fitOf } from './fit.js'
import { customMetricsOf, evaluatorsOf, metricsOf, primaryMetricOf } from './metric.js'
import { isOpen, judgeAgainstBaseline, judgeThreshold, keeps, thresholdWords } from './rules.js'
import { sampleOf, type Sample } from './sample.js'
import type { Coded, Scored } from './scored.js'
import { judgeSlices, sliceShortfall } from './slices.js'
import { smallness } from './small-sets.js'
import { summarise } from './summary.js'
import { rowsWhere } from './units.js'
import type { Answer, Estimate, RuleResult, Verdict } from './verdict.js'
import { difference, label } from './wording.js'

export type { ChampionCase, FormerChampion }

/** What is judged. All row-wise arrays run over the same test rows. */
export interface Case {
  readonly task: Task
  /** The definition's rules; empty: the default ones. */
  readonly rules: readonly StoredRule[]
  /** Whether a proven improvement on a champion that breaks a threshold as well excuses the candidate (EVIDENCE rule 8). */
  readonly replaceIfBetter?: boolean | undefined
  readonly candidate: Scored
  readonly baseline: Scored
  readonly champion?: ChampionCase | undefined
  /** The last champions before it, the newest first; some cannot be compared. */
  readonly formers?: readonly FormerChampion[] | undefined
  /** What was found of rules that do not look at the test rows. Those of the user's own come later. */
  readonly elsewhere?: ReadonlyMap<StoredRule, RuleResult> | undefined
  /** Resampling unit of each row, and what it is: `group`, `row`, `day`, `hour`. Blocks of time are numbered in their order. */
  readonly unitOfRow: Int32Array
  readonly unit: string
  readonly split: 'group' | 'time'
  /** Rows that neither model has trained or validated on (EVIDENCE rule 4). */
  readonly eligible: (row: number) => boolean
  /** Values of the columns that slices are asked for. */
  readonly slices: Readonly<Record<string, Coded>>
  readonly seed: number
  /** How much each row counts; absent: as much as any other. */
  readonly weights?: Float64Array | undefined
}

/** Judges a candidate by the rules of evidence. The same case gives the same verdict to the last bit, on any number of threads. */
export function judge(input: Case, threads = 1): Verdict {
  const length = input.unitOfRow.length
  const rows = rowsWhere(length, input.eligible)
  const sample = sampleOf(rows, input.unitOfRow, input.seed, threads, { weights: input.weights, isSerial: input.split === 'time' })
  const { units, drawn } = sample
  const metrics = [...new Set([...metricsOf(input.task), ...input.rules.flatMap((rule) => ('metric' in rule ? [rule.metric] : [])), ...customMetricsOf(input.candidate)])]
  const scored = [input.candidate, input.baseline, ...(input.champion?.scored === undefined ? [] : [input.champion.scored])]
  const distributions = resample(scored.flatMap((model) => evaluatorsOf(metrics, model, drawn)), drawn, input.seed, threads)
  const of = (model: number): ReadonlyMap<MetricName, Distribution> =>
    new Map(metrics.map((metric, index) => [metric, distributions[model * metrics.length + index] ?? unmeasured]))
  const measured: Measured = { candidate: of(0), baseline: of(1), champion: input.champion?.scored === undefined ? undefined : of(2) }
  const { rules, origin } = rulesOf(input)
  const results = rules.flatMap((rule) => {
    if (!('metric' in rule)) return input.elsewhere?.get(rule) ?? []
    const result = judgeRule(input, rule, origin(rule), measured, sample)
    return rule.kind === 'champion' && input.formers !== undefined && input.formers.length > 0 ? [result, judgeCreep(rule, { ...input, formers: input.formers }, threads)] : [result]
  })
  const small = smallness(input.split, input.unit, units, input.candidate)
  const answer = answerOf(results, small)
  const shortfalls = shortfallsOf(rules, measured.champion, results)
  const fit = fitOf(input.candidate, input.champion?.scored, rows, input.weights)
  const verdict: Omit<Verdict, 'summary'> = {
    formatVersion: 2,
    answer,
    primaryMetric: primaryOf(input),
    candidate: estimates(measured.candidate),
    ...(input.champion === undefined || measured.champion === undefined
      ? {}
      : { champion: { version: input.champion.version, metrics: estimates(measured.champion) } }),
    ...(input.champion === undefined || measured.champion !== undefined ? {} : { incomparable: { version: input.champion.version, reason: input.champion.reason ?? 'the reason is unknown' } }),
    baseline: estimates(measured.baseline),
    rules: results,
    test: {
      rows: rows.length,
      units: units.count,
      ...(drawn === units ? {} : { bundles: drawn.count }),
      unit: input.unit,
      ineligibleRows: length - rows.length,
      freshRows: input.champion === undefined ? rows.length : rows.filter(input.champion.fresh).length,
      ...(small === undefined ? {} : { tooSmall: small }),
      ...(input.champion?.reused === undefined ? {} : { reused: input.champion.reused }),
    },
    ...(fit === undefined ? {} : { fit }),
    resamples: RESAMPLES,
    seed: input.seed,
    belowStandard: shortfalls.length > 0,
    ...(shortfalls.length > 0 ? { shortfalls: [...shortfalls] } : {}),
    warnings: [...(small === undefined ? [] : [small]), ...incomparableWarning(input, rules), ...results.flatMap(marginWarning)],
  }
  return { ...verdict, summary: summarise(verdict, small, input.champion !== undefined) }
}

type Threshold = Extract<MetricRule, { kind: 'threshold' }>
type AgainstChampion = Extract<MetricRule, { kind: 'champion' }>

interface Measured {
  readonly candidate: ReadonlyMap<MetricName, Distribution>
  readonly baseline: ReadonlyMap<MetricName, Distribution>
  readonly champion: ReadonlyMap<MetricName, Distribution> | undefined
}

function rulesOf(input: Case): { rules: readonly StoredRule[]; origin: (rule: StoredRule) => RuleResult['origin'] } {
  const primary = primaryMetricOf(input.task)
  const defaults: readonly StoredRule[] = [
    { kind: 'baseline', metric: primary },
    { kind: 'champion', metric: primary, comparison: 'notWorse', margin: defaultMargin({ metric: primary }) },
  ]
  const asked = input.rules.length === 0 ? defaults : input.rules
  const applicable = asked.filter((rule) => rule.kind !== 'champion' || input.champion !== undefined)
  // Without a champion that can be compared, beating the trivial baseline is what is left (EVIDENCE rules 12 and 13).
  const needsBaseline = input.champion?.scored === undefined && !applicable.some((rule) => rule.kind === 'baseline')
  const builtIn: readonly StoredRule[] = needsBaseline ? [{ kind: 'baseline', metric: primary }] : []
  return {
    rules: [...applicable, ...builtIn],
    origin: (rule) => (builtIn.includes(rule) ? 'built-in' : input.rules.length === 0 ? 'default' : 'definition'),
  }
}

function judgeRule(input: Case, rule: MetricRule, origin: RuleResult['origin'], measured: Measured, sample: Sample): RuleResult {
  const candidate = measured.candidate.get(rule.metric) ?? unmeasured
  switch (rule.kind) {
    case 'baseline':
      return judgeAgainstBaseline(rule, origin, candidate, measured.baseline.get(rule.metric) ?? unmeasured, { units: sample.units.count, unit: input.unit })
    case 'threshold':
      return rule.slice === undefined
        ? judgeStandard(input, rule, origin, measured, sample)
        : judgeSlices(rule, rule.slice, input.candidate, sample, valuesOf(input, rule.slice.column), besideIn(input))
    case 'between':
      return judgeBetween(rule, input.candidate, sample, valuesOf(input, rule.column), input.split, input.unit)
    case 'champion':
      return judgeBesideChampion(input, rule, origin, measured, sample)
  }
}

function valuesOf({ slices, unitOfRow }: Case, column: string): Coded {
  return slices[column] ?? { codes: new Int32Array(unitOfRow.length), values: [''] }
}

function judgeBesideChampion(input: Case, rule: AgainstChampion, origin: RuleResult['origin'], measured: Measured, sample: Sample): RuleResult {
  const { champion } = input
  if (champion === undefined) throw new Error('a comparison needs a champion')
  const all = { candidate: measured.candidate.get(rule.metric) ?? unmeasured, champion: measured.champion?.get(rule.metric) ?? unmeasured, units: sample.units.count }
  return judgeComparison({ ...input, champion, sample }, rule, origin, all)
}

/** A threshold of the whole test set; one that the champion breaks as well may let the lesser evil through. */
function judgeStandard(input: Case, rule: Threshold, origin: RuleResult['origin'], measured: Measured, sample: Sample): RuleResult {
  const { metric } = rule
  const champion = measured.champion?.get(metric)
  const result = judgeThreshold(rule, origin, measured.candidate.get(metric) ?? unmeasured, champion, input.champion?.version)
  if (result.answer === 'passed' || input.replaceIfBetter !== true || champion === undefined || keeps(rule, champion)) return result
  const better: AgainstChampion = { kind: 'champion', metric, ...(rule.custom === undefined ? {} : { custom: rule.custom }), comparison: 'better', margin: defaultMargin(rule) }
  return besideLesserChampion(result, judgeBesideChampion(input, better, origin, measured, sample))
}

/** What the results come to together; `small` says what is too small to judge by. */
export function answerOf(results: readonly RuleResult[], small: string | undefined): Answer {
  // What does not look at the test rows is broken whatever their number.
  if (small !== undefined) return results.some(({ answer, rule }) => answer === 'failed' && !('metric' in rule)) ? 'failed' : 'inconclusive'
  if (results.some(({ answer }) => answer === 'failed')) return 'failed'
  return results.some(({ answer }) => answer === 'inconclusive') ? 'inconclusive' : 'passed'
}

/** The champion, where it could score the rows. */
function besideIn({ champion }: Case): { readonly version: number; readonly scored: Scored } | undefined {
  return champion?.scored === undefined ? undefined : { version: champion.version, scored: champion.scored }
}

/** How the champion breaks the thresholds itself, a sentence each. */
function shortfallsOf(rules: readonly StoredRule[], champion: Measured['champion'], results: readonly RuleResult[]): readonly string[] {
  if (champion === undefined) return []
  return rules.flatMap((rule) => {
    if (rule.kind !== 'threshold') return []
    if (rule.slice !== undefined) return results.flatMap((result) => (result.rule === rule ? (sliceShortfall(result) ?? []) : []))
    const measured = champion.get(rule.metric) ?? unmeasured
    return keeps(rule, measured) || isOpen(rule, measured) ? [] : [thresholdWords(rule, measured)]
  })
}

/** That there was nothing to compare with is told by the rules about the champion, where there are any. */
function incomparableWarning({ champion }: Case, rules: readonly StoredRule[]): readonly string[] {
  if (champion === undefined || champion.scored !== undefined || rules.some(({ kind }) => kind === 'champion')) return []
  return [`Version ${champion.version} cannot score these rows: ${champion.reason ?? 'the reason is unknown'}.`]
}

/** EVIDENCE rule 2: a margin below what the test set can tell lets candidates through, or not, by luck. */
function marginWarning({ rule, limit, smallestDetectable }: RuleResult): readonly string[] {
  if (rule.kind !== 'champion' || rule.comparison !== 'notWorse' || limit === undefined || smallestDetectable === undefined || limit >= smallestDetectable) return []
  const relative = 'relative' in rule.margin
  return [`The margin of ${difference(relative, limit)} for ${label(rule)} is below what this test set can tell four times of five (${difference(relative, smallestDetectable)}): also candidates as good as the champion may be left inconclusive.`]
}

function primaryOf(input: Case): MetricName {
  return input.rules.find((rule): rule is AgainstChampion => rule.kind === 'champion')?.metric ?? primaryMetricOf(input.task)
}

function estimates(measured: ReadonlyMap<MetricName, Distribution>): Record<string, Estimate> {
  return Object.fromEntries([...measured].map(([metric, distribution]) => [metric, estimateOf(distribution)]))
}
