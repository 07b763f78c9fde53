import type { Direction } from './metric.js'
import { expandedPercentile } from './normal.js'
import { xoshiro128 } from './random.js'
import type { Evaluator, Units } from './scored.js'
import { effectiveUnits } from './units.js'
import type { Estimate } from './verdict.js'

/** EVIDENCE rule 3. */
export const RESAMPLES = 2000

/** A figure over resamples, NaN where it is undefined, beside its value on the rows themselves. */
export interface Distribution {
  readonly value: number | null
  readonly draws: Float64Array
  /** What the units count for, see effectiveUnits. */
  readonly effectiveUnits: number
}

/** Of a figure that was not measured. */
export const unmeasured: Distribution = { value: null, draws: new Float64Array(), effectiveUnits: 0 }

/** The metric of candidate and champion on the same resamples of the same rows. */
export interface Compared {
  readonly candidate: Distribution
  readonly champion: Distribution
  readonly units: number
}

/**
 * Draws units with replacement, as many as there are, and evaluates every figure on the same draws: this is what pairs
 * candidate and champion. The same seed gives the same draws.
 */
export function resample(evaluators: readonly Evaluator[], units: Units, seed: number, resamples = RESAMPLES): readonly Distribution[] {
  const random = xoshiro128(seed)
  const counts = new Int32Array(units.count)
  const draws = evaluators.map(() => new Float64Array(resamples))
  for (let draw = 0; draw < resamples; draw += 1) {
    counts.fill(0)
    for (let unit = 0; unit < units.count; unit += 1) {
      // Multiplication instead of a remainder: without bias for any number of units that fits in memory.
      const drawn = Math.floor((random() / 4_294_967_296) * units.count)
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }
    for (const [index, evaluate] of evaluators.entries()) {
      const values = draws[index]
      if (values !== undefined) values[draw] = evaluate(counts) ?? Number.NaN
    }
  }
  const effective = effectiveUnits(units)
  return evaluators.map((evaluate, index) => ({ value: evaluate(undefined), draws: draws[index] ?? new Float64Array(), effectiveUnits: effective }))
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
  }
}

/** Percentile bounds at a one-sided confidence, wider with few units; null if the value or any draw is undefined, which fails closed. */
export function estimateOf({ value, draws, effectiveUnits }: Distribution, confidence = 0.95): Estimate {
  const share = expandedPercentile(confidence, effectiveUnits)
  if (value === null || Number.isNaN(share) || draws.some((draw) => !Number.isFinite(draw))) return { value, lower: null, upper: null }
  const sorted = draws.toSorted()
  const last = sorted.length - 1
  return { value, lower: sorted[Math.floor((1 - share) * last)] ?? null, upper: sorted[Math.ceil(share * last)] ?? null }
}

/** Standard deviation of the draws: the standard error of the figure. */
export function standardErrorOf(draws: Float64Array): number {
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
  return Math.sqrt(draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / Math.max(1, draws.length - 1))
}
