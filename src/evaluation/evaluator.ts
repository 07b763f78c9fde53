import type { Units } from './scored.js'
import { ABREAST, tallyUp, widthOf, type Counts, type Into, type Tally } from './tally.js'

/**
 * A metric of one model on some rows: what is tallied of a resample, by whatever thread, and what follows from it.
 */
export interface Evaluator {
  readonly tallies: readonly Tally[]
  /** The metric from all that the tallies gave, one after the other; null where it is undefined. */
  readonly finish: (tallied: Float64Array) => number | null
  /** Where a row counts as right or wrong and nothing between: how far the figure moves at most with one row that is answered otherwise. */
  readonly grain?: number | undefined
  /** Beside it: what the model answers, by which two that are one and the same are known. */
  readonly answers?: Float64Array | undefined
}

/** Of a metric that no resample of these rows has. */
export const undefinedEvaluator: Evaluator = { tallies: [], finish: () => null }

/** The metric where every unit counts once. */
export function valueOf({ tallies, finish }: Evaluator, units: Pick<Units, 'count'>): number | null {
  const counts: Counts = new Uint16Array(units.count * ABREAST)
  for (let unit = 0; unit < units.count; unit += 1) counts[unit * ABREAST] = 1
  const stride = totalWidth(tallies)
  const numbers = new Float64Array(stride * ABREAST)
  tallyAll(tallies, counts, { numbers, at: 0, stride })
  return finish(numbers.subarray(0, stride))
}

/** Writes what tallies give, one after the other. */
export function tallyAll(tallies: readonly Tally[], counts: Counts, { numbers, at, stride }: Into): void {
  let next = at
  for (const tally of tallies) {
    tallyUp(tally, counts, { numbers, at: next, stride })
    next += widthOf(tally)
  }
}

/** How many numbers some tallies give. */
export function totalWidth(tallies: readonly Tally[]): number {
  return tallies.reduce((sum, tally) => sum + widthOf(tally), 0)
}
