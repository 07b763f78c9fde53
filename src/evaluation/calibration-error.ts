import { additive } from './additive.js'
import type { Evaluator } from './evaluator.js'
import type { Units } from './scored.js'

/** As many as Guo et al. (2017) take. */
const BINS = 15

/**
 * Expected calibration error of one class against the rest (Naeini, Cooper and Hauskrecht, 2015): rows are put by their
 * probability into bins of equal width, and the distances of mean probability and share of the class within each are
 * averaged by the weight of the bins.
 */
export function calibrationError(units: Units, probability: (row: number) => number, isClass: (row: number) => boolean): Evaluator {
  const surplus = Array.from({ length: BINS }, (_, bin) => (row: number): number => (binOf(probability(row)) === bin ? probability(row) - (isClass(row) ? 1 : 0) : 0))
  return additive(units, surplus, (sums, weight) => sums.reduce((sum, ofBin) => sum + Math.abs(ofBin), 0) / weight)
}

/** A bin has its upper edge, the first one zero besides. */
function binOf(probability: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.ceil(probability * BINS) - 1))
}
