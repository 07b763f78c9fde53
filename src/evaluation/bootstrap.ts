import { totalWidth, valueOf, type Evaluator } from './evaluator.js'
import { besideEachOther, leftOutOf, partsOf, unevenness, type LeftOut } from './influence.js'
import type { Direction } from './metric.js'
import { expandedQuantile, normalQuantile, normalShareBelow } from './normal.js'
import { tallyOnThreads } from './resample-threads.js'
import type { Sample } from './sample.js'
import type { Units } from './scored.js'
import { sharedNumbers } from './shared-memory.js'
import { serialOf, type Serial } from './serial.js'
import { ABREAST, widthOf, type Tally } from './tally.js'
import { effectiveUnits } from './units.js'
import type { Estimate } from './verdict.js'

/** EVIDENCE rule 3. */
export const RESAMPLES = 2000

/** Standard errors beyond a bound at which it is kept four times of five. */
const POWER_80 = normalQuantile(0.8)

/** How many numbers of all resamples are kept at once: 64 MB. */
const MOST_TALLIED = 4000 * RESAMPLES

/** A figure over resamples, NaN where it is undefined, beside its value on the rows themselves. */
export interface Distribution {
  readonly value: number | null
  readonly draws: Float64Array
  /** What the units count for, see effectiveUnits. */
  readonly effectiveUnits: number
  readonly leftOut?: LeftOut | undefined
  /** See Evaluator. */
  readonly grain?: number | undefined
  readonly answers?: Float64Array | undefined
  /** Whether it is one figure less another: nothing bounds it then but how much it varies. */
  readonly isDifference?: boolean
}

/** Of a figure that was not measured. */
export const unmeasured: Distribution = { value: null, draws: new Float64Array(), effectiveUnits: 0 }

/** The metric of candidate and champion on the same resamples of the same rows. */
export interface Compared {
  readonly candidate: Distribution
  readonly champion: Distribution
  readonly units: number
}

/** Figures of some rows. */
export interface Figures {
  readonly evaluators: readonly Evaluator[]
  readonly units: Units
}

/**
 * Draws units with replacement, as many as there are, and evaluates every figure on the same draws: this is what pairs
 * candidate and champion. The same seed gives the same draws, whatever number of threads makes them.
 */
export function resample(evaluators: readonly Evaluator[], units: Units, seed: number, threads = 1): readonly Distribution[] {
  const [distributions = []] = resampleTogether([{ evaluators, units }], { seed, threads })
  return distributions
}

/** The same for several selections of the same units' rows, e.g. all rows and some slices of them: all on the same draws. */
export function resampleTogether(selections: readonly Figures[], { seed, threads }: Pick<Sample, 'seed' | 'threads'>): readonly (readonly Distribution[])[] {
  const count = selections[0]?.units.count ?? 0
  if (selections.some(({ units }) => units.count !== count)) throw new Error('what is resampled together must have the same units')
  const parts = Math.max(0, ...selections.map(({ units }) => partsOf(units)))
  const resampled = resampleAll(selections.flatMap(({ evaluators }) => evaluators), { units: count, parts, seed, threads })
  return selections.map(({ evaluators, units }) => {
    const effective = effectiveUnits(units)
    return evaluators.map((evaluator) => {
      const found = resampled.get(evaluator)
      if (found === undefined) return unmeasured
      return { value: valueOf(evaluator, units), draws: found.draws, effectiveUnits: effective, leftOut: leftOutOf(found.without, units), grain: evaluator.grain, answers: evaluator.answers }
    })
  })
}

interface Resampled {
  readonly draws: Float64Array
  /** The figure without each part of the units. */
  readonly without: Float64Array
}

/** The draws of each evaluator, and its figure without each part of the units; of so many at once as can be kept while they are tallied. What several have in common is tallied once. */
function resampleAll(evaluators: readonly Evaluator[], { units, parts, seed, threads }: { readonly units: number; readonly parts: number } & Pick<Sample, 'seed' | 'threads'>): ReadonlyMap<Evaluator, Resampled> {
  const found = new Map<Evaluator, Resampled>()
  const resamples = RESAMPLES + Math.ceil(parts / ABREAST) * ABREAST
  for (let from = 0; from < evaluators.length; ) {
    let to = from + 1
    let width = totalWidth(evaluators[from]?.tallies ?? [])
    for (; to < evaluators.length; to += 1) {
      const more = totalWidth(evaluators[to]?.tallies ?? [])
      if ((width + more) * resamples > MOST_TALLIED) break
      width += more
    }
    const some = evaluators.slice(from, to)
    const places = placesOf(some)
    const tallies = [...places.keys()]
    const stride = totalWidth(tallies)
    const tallied = sharedNumbers(resamples * stride)
    tallyOnThreads({ tallies, units, parts, seed, drawn: RESAMPLES, resamples, tallied }, threads)
    for (const evaluator of some) {
      const figures = (length: number, from: number): Float64Array => Float64Array.from({ length }, (_, draw) => evaluator.finish(gathered(evaluator.tallies, places, tallied.subarray((from + draw) * stride, (from + draw + 1) * stride))) ?? Number.NaN)
      found.set(evaluator, { draws: figures(RESAMPLES, 0), without: figures(parts, RESAMPLES) })
    }
    from = to
  }
  return found
}

/** Where the numbers of each tally begin among those of a resample, those of a tally that evaluators share once. */
function placesOf(evaluators: readonly Evaluator[]): ReadonlyMap<Tally, number> {
  const places = new Map<Tally, number>()
  let next = 0
  for (const tally of evaluators.flatMap(({ tallies }) => tallies)) {
    if (places.has(tally)) continue
    places.set(tally, next)
    next += widthOf(tally)
  }
  return places
}

/** What some tallies gave of a resample, one after the other. */
function gathered(tallies: readonly Tally[], places: ReadonlyMap<Tally, number>, resample: Float64Array): Float64Array {
  const of = (tally: Tally): Float64Array => {
    const at = places.get(tally) ?? 0
    return resample.subarray(at, at + widthOf(tally))
  }
  const [only] = tallies
  if (only !== undefined && tallies.length === 1) return of(only)
  const numbers = new Float64Array(totalWidth(tallies))
  let at = 0
  for (const tally of tallies) {
    numbers.set(of(tally), at)
    at += widthOf(tally)
  }
  return numbers
}

/** The harm of one figure beside another, draw by draw: positive is worse. */
export function harmOf(candidate: Distribution, other: Distribution, direction: Direction, relative: boolean): Distribution {
  const harm = (a: number, b: number): number => {
    const difference = direction === 0 ? Math.abs(a) - Math.abs(b) : direction === -1 ? a - b : b - a
    return relative ? difference / Math.abs(b) : difference
  }
  const value = candidate.value === null || other.value === null ? null : harm(candidate.value, other.value)
  return {
    value: value !== null && Number.isFinite(value) ? value : null,
    draws: candidate.draws.map((draw, index) => harm(draw, other.draws[index] ?? Number.NaN)),
    effectiveUnits: candidate.effectiveUnits,
    leftOut: besideEachOther(candidate.leftOut, other.leftOut, harm),
    grain: areOne(candidate, other) ? 0 : Math.max(candidate.grain ?? 0, other.grain ?? 0) / (relative ? Math.abs(other.value ?? Number.NaN) : 1),
    isDifference: true,
  }
}

/**
 * Bounds at a one-sided confidence, wider with few units, with blocks of time that are alike, and where a few units sway
 * the figure most; null if the value or any draw is undefined, which fails closed. They are percentiles of the draws; those
 * of a difference, which has no range of its own, are besides never nearer than Student's t puts them: where two models
 * differ in a handful of units no draw goes farther than leaving these out, however little so few can tell.
 */
export function estimateOf(distribution: Distribution, confidence = 0.95): Estimate {
  const { value, draws, isDifference = false } = distribution
  const quantile = expandedQuantile(confidence, independentUnits(distribution))
  if (value === null || Number.isNaN(quantile) || draws.some((draw) => !Number.isFinite(draw))) return { value, lower: null, upper: null }
  const share = normalShareBelow(quantile)
  const sorted = draws.toSorted()
  const last = sorted.length - 1
  const stretch = Math.sqrt(likenessOf(distribution).inflation)
  const bound = (index: number): number => (sorted[index] ?? Number.NaN) + (stretch - 1) * ((sorted[index] ?? Number.NaN) - value)
  const [lower, upper] = [bound(Math.floor((1 - share) * last)), bound(Math.ceil(share * last))]
  if (!isDifference) return { value, lower, upper }
  const reach = quantile * standardErrorOf(distribution)
  return { value, lower: Math.min(lower, value - reach), upper: Math.max(upper, value + reach) }
}

/**
 * The smallest difference from its value that a figure tells in one direction four times of five: as far as its bound at
 * 95 % reaches, and what a power of 80 % adds to it. With many units these are 2.5 standard errors; few units, or a few
 * that sway it, have a wider bound. NaN where nothing bounds it.
 */
export function detectableOf(distribution: Distribution): number {
  return reachOf(distribution) + POWER_80 * standardErrorOf(distribution)
}

/** How far the wider of the bounds of a figure at 95 % lies from its value; NaN where there is none. */
export function reachOf(distribution: Distribution): number {
  const { value, lower, upper } = estimateOf(distribution)
  return value === null || lower === null || upper === null ? Number.NaN : Math.max(value - lower, upper - value)
}

/** Whether a figure is defined on all draws, but what was drawn counts for too few independent units to bound it: it is open then, and not undefined. */
export function isUnbounded(distribution: Distribution): boolean {
  const { value, draws } = distribution
  return value !== null && draws.every(Number.isFinite) && estimateOf(distribution).lower === null
}

/** Whether two models have answered every row alike to the last bit: then they are one. Bare labels are no proof of that. */
function areOne({ answers = nothing }: Distribution, { answers: others = nothing }: Distribution): boolean {
  return answers.length === others.length && answers.every((answer, at) => Object.is(answer, others[at])) && answers.some((answer) => answer !== 0 && answer !== 1)
}

const nothing = new Float64Array()

/**
 * The standard error of the figure: the standard deviation of its draws, and what blocks of time that are alike add. Where a
 * row is right or wrong and nothing between, two models differ in so few rows that draws of these alone say they are more
 * alike than that: two rows more are counted, one in favour of each (D. G. Bonett and R. M. Price, 2012, for the difference
 * of paired shares).
 */
export function standardErrorOf(distribution: Pick<Distribution, 'draws' | 'leftOut' | 'grain' | 'isDifference'>): number {
  const { draws, grain = 0, isDifference = false } = distribution
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
  const variance = (likenessOf(distribution).inflation * draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0)) / Math.max(1, draws.length - 1)
  return Math.sqrt(variance + (isDifference ? 2 * grain ** 2 : 0))
}

/**
 * What the units count for, less what those are alike that follow each other in time, and what most of them do not tell where
 * a few sway the figure: where blocks are alike, so is how much they sway it, and it is shared by as many fewer.
 */
export function independentUnits(distribution: Distribution): number {
  const { inflation, units } = likenessOf(distribution)
  const independent = Math.min(distribution.effectiveUnits / inflation, units)
  return independent <= 1 ? independent : 1 + 1 / (1 / (independent - 1) + inflation * unevenness(distribution.leftOut))
}

/** How alike units are; those that do not follow each other in time are not. */
function likenessOf({ leftOut }: Pick<Distribution, 'leftOut'>): Serial {
  return serialOf(leftOut?.isSerial === true ? leftOut.figures : undefined)
}
