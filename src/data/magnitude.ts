/**
 * Every finite number may stand in the data, also the largest there is: it is what some programs write for "none". Sums
 * and squares of such numbers are no numbers any more, and JSON has no word for infinity. So they are added up scaled.
 */

/** Squares of smaller numbers can be added up for as many rows as there are. */
export const ORDINARY = 1e140
/** Of these all can. A power of two, so that no digit changes. */
const SMALLER = 2 ** -600

/** What numbers up to `most` are to be multiplied by before they are squared or added up; 1 for all ordinary ones. */
export function scaleFor(most: number): number {
  return most <= ORDINARY ? 1 : SMALLER
}

/** The largest finite number in place of what rounding has put beyond it. */
export function finite(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE)
}

/** How far the number farthest from 0 is from it; what is missing is NaN, and counts as nothing. */
export function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0)
}

/** Mean and standard deviation of numbers, however large. */
export function momentsOf(values: Float64Array): { readonly mean: number; readonly deviation: number } {
  const scale = scaleFor(largestOf(values))
  const mean = values.reduce((sum, value) => sum + (value * scale) / values.length, 0)
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value * scale - mean) ** 2 / values.length, 0))
  return { mean: finite(mean / scale), deviation: finite(deviation / scale) }
}
