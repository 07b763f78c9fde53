import type { StoredRule } from '../define/stored-definition.js'
import { detectableOf, estimateOf, harmOf, isUnbounded, reachOf, type Compared, type Distribution } from './bootstrap.js'
import { directionOf, sizeOf } from './metric.js'
import type { Answer, RuleResult } from './verdict.js'
import { comparison, difference, figure, gap, label, number, percent } from './wording.js'

type Threshold = Extract<StoredRule, { kind: 'threshold' }>
type AgainstChampion = Extract<StoredRule, { kind: 'champion' }>
type AgainstBaseline = Extract<StoredRule, { kind: 'baseline' }>
type Origin = RuleResult['origin']

/** Where blocks of time follow each other closely, or one unit has nearly all rows. */
const UNBOUNDED = 'the test set counts for fewer than two independent units, which bound nothing'

/** A limit on the candidate's own metric (EVIDENCE rule 8): the point estimate decides, or with `confidence` the bound. */
export function judgeThreshold(rule: Threshold, origin: Origin, candidate: Distribution, champion: Distribution | undefined, version: number | undefined): RuleResult {
  const passes = keeps(rule, candidate)
  const sentences = [
    thresholdWords(rule, candidate),
    ...(champion === undefined || version === undefined
      ? []
      : [`Version ${version} has ${figure(rule, champion.value)} on the same rows${keeps(rule, champion) || isOpen(rule, champion) ? '' : ' and falls short as well'}.`]),
  ]
  return {
    rule,
    origin,
    answer: passes ? 'passed' : isOpen(rule, candidate) ? 'inconclusive' : 'failed',
    explanation: sentences.join(' '),
    candidate: estimateOf(candidate, rule.confidence),
    ...(champion === undefined ? {} : { champion: estimateOf(champion, rule.confidence) }),
    limit: rule.value,
  }
}

/** Whether a value keeps a threshold. */
export function holds(rule: Threshold, measured: number): boolean {
  const size = sizeOf(rule, measured)
  return rule.bound === 'atMost' ? size <= rule.value : size >= rule.value
}

/** Whether a model keeps a threshold, in the way that the rule asks for; undefined does not (EVIDENCE rule 11). */
export function keeps(rule: Threshold, model: Distribution): boolean {
  const decisive = decisiveOf(rule, model)
  return decisive !== null && holds(rule, decisive)
}

/** Whether the bound that a threshold asks for cannot be told: there are too few independent units for it. */
export function isOpen({ confidence }: Threshold, model: Distribution): boolean {
  return confidence !== undefined && isUnbounded(model)
}

function decisiveOf(rule: Threshold, model: Distribution): number | null {
  const { bound, confidence } = rule
  const { value, lower, upper } = estimateOf(model, confidence)
  if (confidence === undefined) return value
  if (directionOf(rule) !== 0 || lower === null || upper === null) return bound === 'atMost' ? upper : lower
  // Of the size: the end that is farther from zero is its bound at the same confidence (two one-sided tests).
  const [near, far] = Math.abs(lower) < Math.abs(upper) ? [lower, upper] : [upper, lower]
  return bound === 'atMost' ? far : lower <= 0 && upper >= 0 ? 0 : near
}

/** What a model has of a threshold's metric, by how much that breaks it, and what is asked for. */
export function thresholdWords(rule: Threshold, candidate: Distribution): string {
  const { bound, value, confidence } = rule
  const decisive = decisiveOf(rule, candidate)
  const words = bound === 'atMost' ? 'at most' : 'at least'
  const measured = `${label(rule)} is ${figure(rule, candidate.value)}`
  const bounded = confidence === undefined || decisive === null ? '' : `, with ${percent(confidence)} confidence ${words} ${figure(rule, decisive)}`
  const miss = isOpen(rule, candidate) ? ` (${UNBOUNDED})` : decisive === null ? ' (an undefined figure never passes)' : holds(rule, decisive) ? '' : `, ${gap(rule, sizeOf(rule, decisive) - value)} ${bound === 'atMost' ? 'too much' : 'too little'}`
  return `${measured}${bounded}${miss}; ${words} ${figure(rule, value)}${directionOf(rule) === 0 ? ' either way' : ''} is asked for.`
}

interface Difference {
  readonly answer: Answer
  readonly harm: Distribution
  readonly relative: boolean
  readonly margin: number
}

/** What one comparison of candidate and champion says, by the bounds of the harm (EVIDENCE rule 1). */
export function compare(rule: AgainstChampion, candidate: Distribution, champion: Distribution): Difference {
  const { relative } = marginOf(rule)
  const margin = limitOf(rule)
  const harm = harmOf(candidate, champion, directionOf(rule), relative)
  const { lower, upper } = estimateOf(harm)
  const passes = upper !== null && (rule.comparison === 'better' ? upper < 0 : upper <= margin)
  // Undefined fails closed (EVIDENCE rule 11).
  const fails = !isUnbounded(harm) && (lower === null || lower > margin)
  return { answer: passes ? 'passed' : fails ? 'failed' : 'inconclusive', harm, relative, margin }
}

/** The harm that a comparison still allows. */
export function limitOf(rule: AgainstChampion): number {
  return rule.comparison === 'better' ? 0 : marginOf(rule).size
}

/** Whether a test set can tell a difference as large as the margin. */
export function isEnoughFor(rule: AgainstChampion, { candidate, champion }: Compared): boolean {
  const { relative, size } = marginOf(rule)
  const harm = harmOf(candidate, champion, directionOf(rule), relative)
  return detectableOf(harm) <= size
}

/** The paired comparison with the champion; `besides` is said after it. */
export function judgeAgainstChampion(
  rule: AgainstChampion,
  origin: Origin,
  { candidate, champion, units }: Compared,
  facts: { readonly version: number; readonly unit: string; readonly besides: readonly string[] },
): RuleResult {
  const found = compare(rule, candidate, champion)
  const { answer, harm, relative, margin } = found
  const detectable = detectableOf(harm)
  const isTold = answer === 'inconclusive' && !isUnbounded(harm)
  const moreUnits = isTold ? unitsNeeded(harm, margin, units) : undefined
  const sentences = [
    `${label(rule)} is ${figure(rule, candidate.value)}, version ${facts.version} has ${figure(rule, champion.value)} on the same rows: ${differenceWords(relative, harm)}.`,
    outcomeWords(rule, found),
    ...(isTold ? [inconclusiveWords(relative, detectable, moreUnits, facts.unit)] : []),
    ...facts.besides,
  ]
  return {
    rule,
    origin,
    answer,
    explanation: sentences.join(' '),
    candidate: estimateOf(candidate),
    champion: estimateOf(champion),
    difference: estimateOf(harm),
    limit: margin,
    ...(Number.isFinite(detectable) ? { smallestDetectable: detectable } : {}),
    ...(moreUnits === undefined ? {} : { moreUnits }),
  }
}

/** The candidate must be better than predicting the training target's mean or shares (EVIDENCE rule 12). */
export function judgeAgainstBaseline(rule: AgainstBaseline, origin: Origin, candidate: Distribution, baseline: Distribution, facts: { readonly units: number; readonly unit: string }): RuleResult {
  const harm = harmOf(candidate, baseline, directionOf(rule), false)
  const bounds = estimateOf(harm)
  const answer: Answer = bounds.upper !== null && bounds.upper < 0 ? 'passed' : !isUnbounded(harm) && (bounds.lower === null || bounds.lower >= 0) ? 'failed' : 'inconclusive'
  const detectable = detectableOf(harm)
  const isTold = answer === 'inconclusive' && !isUnbounded(harm)
  const moreUnits = isTold ? unitsNeeded(harm, 0, facts.units) : undefined
  const open = isTold ? ` ${inconclusiveWords(false, detectable, moreUnits, facts.unit)}` : ''
  const verb = { passed: 'is better than', failed: bounds.lower === null ? 'is not proven better than' : 'is no better than', inconclusive: 'cannot be told from' }[answer]
  return {
    rule,
    origin,
    answer,
    explanation: `${label(rule)} of ${figure(rule, candidate.value)} ${verb} the trivial baseline (${figure(rule, baseline.value)}): ${differenceWords(false, harm)}.${open}`,
    candidate: estimateOf(candidate),
    difference: bounds,
    limit: 0,
    ...(Number.isFinite(detectable) ? { smallestDetectable: detectable } : {}),
    ...(moreUnits === undefined ? {} : { moreUnits }),
  }
}

/** The margin's size, and whether it is a share of the champion's value. */
export function marginOf({ margin }: AgainstChampion): { relative: boolean; size: number } {
  return 'relative' in margin ? { relative: true, size: margin.relative } : { relative: false, size: margin.absolute }
}

/** Bounds draw nearer with the root of the number of units; undefined where no number would do. */
function unitsNeeded(harm: Distribution, margin: number, units: number): number | undefined {
  if (harm.value === null) return undefined
  const needed = Math.ceil(units * (reachOf(harm) / Math.abs(margin - harm.value)) ** 2) - units
  return Number.isSafeInteger(needed) ? Math.max(1, needed) : undefined
}

function differenceWords(relative: boolean, harm: Distribution): string {
  const { value, lower, upper } = estimateOf(harm)
  if (value === null) return 'the difference is undefined'
  if (isUnbounded(harm)) return `${comparison(relative, value)}, but ${UNBOUNDED}`
  if (lower === null || upper === null) return `${comparison(relative, value)}, but undefined on some resamples`
  return `${comparison(relative, value)} (90 % interval: ${comparison(relative, lower)} to ${comparison(relative, upper)})`
}

/** What was asked for, and by how much it was kept or missed. */
function outcomeWords(rule: AgainstChampion, { answer, harm, relative, margin }: Difference): string {
  const { lower, upper } = estimateOf(harm)
  const asked = rule.comparison === 'better' ? 'it has to be proven better' : `at most ${difference(relative, margin)} worse is allowed`
  if (isUnbounded(harm)) return `${capital(asked)}, and without bounds neither that nor the contrary is shown.`
  if (lower === null || upper === null) return `${capital(asked)}, and an undefined difference never passes.`
  switch (answer) {
    case 'passed':
      return `${capital(asked)}; with 95 % confidence it is ${comparison(relative, upper)} at worst.`
    case 'failed':
      return `${capital(asked)}; with 95 % confidence it is ${comparison(relative, lower)} at best${margin === 0 ? '' : `, ${excess(relative, lower - margin)} too much`}.`
    case 'inconclusive':
      return `${capital(asked)}, and the interval lies on both sides of that.`
  }
}

function inconclusiveWords(relative: boolean, detectable: number, moreUnits: number | undefined, unit: string): string {
  const more = moreUnits === undefined ? '' : ` About ${moreUnits.toLocaleString('en-US')} more test ${unit}${moreUnits === 1 ? '' : 's'} would settle it, should the difference stay as it is.`
  return `Four times of five this test set can tell a difference of ${difference(relative, detectable)}.${more}`
}

/** What is beyond a margin: of shares in percentage points. */
function excess(relative: boolean, size: number): string {
  return relative ? `${number(size * 100)} percentage points` : number(size)
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
