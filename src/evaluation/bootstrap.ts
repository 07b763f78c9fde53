import { totalWidth, valueOf, type Evaluator } from './evaluator.js'
import type { Direction } from './metric.js'
import { expandedPercentile } from './normal.js'
import { tallyOnThreads } from './resample-threads.js'
import type { Sample } from './sample.js'
import type { Units } from './scored.js'
import { sharedNumbers } from './shared-memory.js'
import { leftOutOf, serialOf } from './serial.js'
import { ABREAST } from './tally.js'
import { effectiveUnits } from './units.js'
import type { Estimate } from './verdict.js'

/** EVIDENCE rule 3. */
export const RESAMPLES = 2000

/** How many numbers of all resamples are kept at once: 64 MB. */
const MOST_TALLIED = 4000 * RESAMPLES

/** A figure over resamples, NaN where it is undefined, beside its value on the rows themselves. */
export interface Distribution {
  readonly value: number | null
  readonly draws: Float64Array
  /** What the units count for, see effectiveUnits. */
  readonly effectiveUnits: number
  /** The figure without each unit, one after the other in time; where units are blocks of time. */
  readonly leftOut?: Float64Array | undefined
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
  const leftOut = Math.max(0, ...selections.map(({ units }) => leftOutOf(units)))
  const resampled = resampleAll(selections.flatMap(({ evaluators }) => evaluators), { units: count, leftOut, seed, threads })
  return selections.map(({ evaluators, units }) => {
    const effective = effectiveUnits(units)
    return evaluators.map((evaluator) => {
      const { draws, leftOut: without } = resampled.get(evaluator) ?? unmeasured
      return { value: valueOf(evaluator, units), draws, effectiveUnits: effective, leftOut: without }
    })
  })
}

type Resampled = Pick<Distribution, 'draws' | 'leftOut'>

/** The draws of each evaluator, and its figure without each unit where that is asked for; of so many at once as can be kept while they are tallied. */
function resampleAll(evaluators: readonly Evaluator[], { units, leftOut, seed, threads }: { readonly units: number; readonly leftOut: number } & Pick<Sample, 'seed' | 'threads'>): ReadonlyMap<Evaluator, Resampled> {
  const found = new Map<Evaluator, Resampled>()
  const resamples = RESAMPLES + Math.ceil(leftOut / ABREAST) * ABREAST
  for (let from = 0; from < evaluators.length; ) {
    let to = from + 1
    let width = totalWidth(evaluators[from]?.tallies ?? [])
    for (; to < evaluators.length; to += 1) {
      const more = totalWidth(evaluators[to]?.tallies ?? [])
      if ((width + more) * resamples > MOST_TALLIED) break
      width += more
    }
    const some = evaluators.slice(from, to)
    const tallied = sharedNumbers(resamples * width)
    tallyOnThreads({ tallies: some.flatMap(({ tallies }) => tallies), units, seed, drawn: RESAMPLES, resamples, tallied }, threads)
    let at = 0
    for (const evaluator of some) {
      const own = totalWidth(evaluator.tallies)
      const offset = at
      const figures = (length: number, from: number): Float64Array =>
        Float64Array.from({ length }, (_, draw) => evaluator.finish(tallied.subarray((from + draw) * width + offset, (from + draw) * width + offset + own)) ?? Number.NaN)
      found.set(evaluator, { draws: figures(RESAMPLES, 0), leftOut: leftOut === 0 ? undefined : figures(leftOut, RESAMPLES) })
      at += own
    }
    from = to
  }
  return found
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
  }
}

/**
 * Percentile bounds at a one-sided confidence, wider with few units, and with blocks of time that are alike; null if the
 * value or any draw is undefined, which fails closed.
 */
export function estimateOf(distribution: Distribution, confidence = 0.95): Estimate {
  const { value, draws } = distribution
  const share = expandedPercentile(confidence, independentUnits(distribution))
  if (value === null || Number.isNaN(share) || draws.some((draw) => !Number.isFinite(draw))) return { value, lower: null, upper: null }
  const sorted = draws.toSorted()
  const last = sorted.length - 1
  const stretch = Math.sqrt(serialOf(distribution.leftOut).inflation)
  const bound = (index: number): number => (sorted[index] ?? Number.NaN) + (stretch - 1) * ((sorted[index] ?? Number.NaN) - value)
  return { value, lower: bound(Math.floor((1 - share) * last)), upper: bound(Math.ceil(share * last)) }
}

/** Whether a figure is defined on all draws, but what was drawn counts for too few independent units to bound it: it is open then, and not undefined. */
export function isUnbounded(distribution: Distribution): boolean {
  const { value, draws } = distribution
  return value !== null && draws.every(Number.isFinite) && estimateOf(distribution).lower === null
}

/** The standard error of the figure: the standard deviation of its draws, and what blocks of time that are alike add. */
export function standardErrorOf({ draws, leftOut }: Pick<Distribution, 'draws' | 'leftOut'>): number {
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
  return Math.sqrt((serialOf(leftOut).inflation * draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0)) / Math.max(1, draws.length - 1))
}

/** What the units count for, less what those are alike that follow each other in time. */
export function independentUnits({ effectiveUnits: present, leftOut }: Distribution): number {
  const { inflation, units } = serialOf(leftOut)
  return Math.min(present / inflation, units)
}

/** A figure of two figures, without each unit in turn. */
export function besideEachOther(one: Float64Array | undefined, other: Float64Array | undefined, figure: (one: number, other: number) => number): Float64Array | undefined {
  return one === undefined || other === undefined ? undefined : one.map((value, unit) => figure(value, other[unit] ?? Number.NaN))
}
