import type { Units } from './scored.js'
import { tallyUp, widthOf, type Counts, type Tally } from './tally.js'

/**
 * A metric of one model on some rows: what is tallied of a resample, by whatever thread, and what follows from it.
 */
export interface Evaluator {
  readonly tallies: readonly Tally[]
  /** The metric from all that the tallies gave, one after the other; null where it is undefined. */
  readonly finish: (tallied: Float64Array) => number | null
}

/** Of a metric that no resample of these rows has. */
export const undefinedEvaluator: Evaluator = { tallies: [], finish: () => null }

/** The metric where every unit counts as often as it is said to, or once. */
export function valueOf({ tallies, finish }: Evaluator, units: Pick<Units, 'count'>, counts?: ArrayLike<number>): number | null {
  const times: Counts = counts === undefined ? new Uint16Array(units.count).fill(1) : Uint16Array.from(counts)
  const tallied = new Float64Array(totalWidth(tallies))
  let at = 0
  for (const tally of tallies) {
    tallyUp(tally, times, tallied, at)
    at += widthOf(tally)
  }
  return finish(tallied)
}

/** How many numbers some tallies give. */
export function totalWidth(tallies: readonly Tally[]): number {
  return tallies.reduce((sum, tally) => sum + widthOf(tally), 0)
}
