import type { MetricName, StoredMargin, StoredRule } from '../define/stored-definition.js'
import { estimateOf, harmOf, standardErrorOf, type Distribution } from './bootstrap.js'
import { defaultMargin, directionOf } from './metric.js'
import type { Answer, RuleResult } from './verdict.js'
import { comparison, difference, figure, label } from './wording.js'

type Threshold = Extract<StoredRule, { kind: 'threshold' }>
type AgainstChampion = Extract<StoredRule, { kind: 'champion' }>
type AgainstBaseline = Extract<StoredRule, { kind: 'baseline' }>
type Origin = RuleResult['origin']

/** One-sided 95 % and a power of 80 %: the difference that a test of this size tells, in standard errors. */
const DETECTABLE_ERRORS = 2.5
const ONE_SIDED_95 = 1.645

/** A limit on the candidate's own metric (EVIDENCE rule 8): the point estimate decides, or with `confidence` the bound. */
export function judgeThreshold(rule: Threshold, origin: Origin, candidate: Distribution, champion: Distribution | undefined): RuleResult {
  const estimate = estimateOf(candidate, rule.confidence)
  const decisive = rule.confidence === undefined ? estimate.value : rule.bound === 'atMost' ? estimate.upper : estimate.lower
  const answer: Answer = decisive !== null && holds(rule, decisive) ? 'passed' : 'failed'
  const words = rule.bound === 'atMost' ? 'at most' : 'at least'
  const asked = rule.confidence === undefined ? '' : ` with ${Math.round(rule.confidence * 100)} % confidence (bound ${figure(rule.metric, decisive)})`
  return {
    rule,
    origin,
    answer,
    explanation: `${label(rule.metric)} is ${figure(rule.metric, estimate.value)}; ${words} ${figure(rule.metric, rule.value)} is asked for${asked}.`,
    candidate: estimate,
    ...(champion === undefined ? {} : { champion: estimateOf(champion, rule.confidence) }),
    limit: rule.value,
  }
}

/** Whether a value keeps a threshold. */
export function holds({ bound, value }: Threshold, measured: number): boolean {
  return bound === 'atMost' ? measured <= value : measured >= value
}

/** What one comparison of candidate and champion says, by the bounds of the harm (EVIDENCE rule 1). */
export function compare(rule: AgainstChampion, candidate: Distribution, champion: Distribution): { answer: Answer; harm: Distribution; relative: boolean; margin: number } {
  const { relative, size } = marginOf(rule.metric, rule.margin)
  const margin = rule.comparison === 'better' ? 0 : size
  const harm = harmOf(candidate, champion, directionOf(rule.metric), relative)
  const { lower, upper } = estimateOf(harm)
  const passes = upper !== null && (rule.comparison === 'better' ? upper < 0 : upper <= margin)
  // Undefined fails closed (EVIDENCE rule 11).
  const fails = lower === null || lower > margin
  return { answer: passes ? 'passed' : fails ? 'failed' : 'inconclusive', harm, relative, margin }
}

/** The paired comparison with the champion on `rows` as described; `besides` is said after it. */
export function judgeAgainstChampion(
  rule: AgainstChampion,
  origin: Origin,
  candidate: Distribution,
  champion: Distribution,
  facts: { readonly version: number; readonly units: number; readonly besides: readonly string[] },
): RuleResult {
  const { answer, harm, relative, margin } = compare(rule, candidate, champion)
  const bounds = estimateOf(harm)
  const error = standardErrorOf(harm)
  const detectable = DETECTABLE_ERRORS * error
  const moreUnits = answer === 'inconclusive' && bounds.value !== null ? unitsNeeded(bounds.value, margin, error, facts.units) : undefined
  const verdict = bounds.value === null ? 'the difference is undefined' : comparison(relative, bounds.value)
  const interval =
    bounds.lower === null || bounds.upper === null
      ? ''
      : ` (90 % interval: ${comparison(relative, bounds.lower)} to ${comparison(relative, bounds.upper)})`
  const sentences = [
    `${label(rule.metric)} is ${figure(rule.metric, candidate.value)}, version ${facts.version} has ${figure(rule.metric, champion.value)} on the same rows: ${verdict}${interval}.`,
    requirementWords(rule, relative, margin),
    ...(answer === 'inconclusive' ? [inconclusiveWords(relative, detectable, moreUnits)] : []),
    ...(rule.comparison === 'notWorse' && margin < detectable && answer !== 'inconclusive'
      ? [`The margin is below what this test set tells apart (${difference(relative, detectable)}).`]
      : []),
    ...facts.besides,
  ]
  return {
    rule,
    origin,
    answer,
    explanation: sentences.join(' '),
    candidate: estimateOf(candidate),
    champion: estimateOf(champion),
    difference: bounds,
    limit: margin,
    ...(Number.isFinite(detectable) ? { smallestDetectable: detectable } : {}),
    ...(moreUnits === undefined ? {} : { moreUnits }),
  }
}

/** The candidate must be better than predicting the training target's mean or shares (EVIDENCE rule 12). */
export function judgeAgainstBaseline(rule: AgainstBaseline, origin: Origin, candidate: Distribution, baseline: Distribution): RuleResult {
  const harm = harmOf(candidate, baseline, directionOf(rule.metric), false)
  const bounds = estimateOf(harm)
  const answer: Answer = bounds.upper !== null && bounds.upper < 0 ? 'passed' : bounds.lower === null || bounds.lower >= 0 ? 'failed' : 'inconclusive'
  const verb = { passed: 'is better than', failed: 'is no better than', inconclusive: 'cannot be told from' }[answer]
  return {
    rule,
    origin,
    answer,
    explanation: `${label(rule.metric)} of ${figure(rule.metric, candidate.value)} ${verb} the trivial baseline (${figure(rule.metric, baseline.value)}).`,
    candidate: estimateOf(candidate),
    difference: bounds,
    limit: 0,
  }
}

/** The margin's size, and whether it is a share of the champion's value. */
export function marginOf(metric: MetricName, margin: StoredMargin = defaultMargin(metric)): { relative: boolean; size: number } {
  return 'relative' in margin ? { relative: true, size: margin.relative } : { relative: false, size: margin.absolute }
}

/** Standard errors shrink with the root of the number of units; undefined where no number would do. */
function unitsNeeded(value: number, margin: number, error: number, units: number): number | undefined {
  const distance = Math.abs(margin - value)
  if (distance === 0 || !Number.isFinite(error)) return undefined
  const needed = Math.ceil(units * ((ONE_SIDED_95 * error) / distance) ** 2) - units
  return needed > 0 ? needed : undefined
}

function requirementWords(rule: AgainstChampion, relative: boolean, margin: number): string {
  return rule.comparison === 'better' ? 'It has to be proven better.' : `At most ${difference(relative, margin)} worse is allowed.`
}

function inconclusiveWords(relative: boolean, detectable: number, moreUnits: number | undefined): string {
  const more = moreUnits === undefined ? '' : ` About ${moreUnits.toLocaleString('en-US')} more test units would settle it.`
  return `This test set tells differences of ${difference(relative, detectable)} and more.${more}`
}
