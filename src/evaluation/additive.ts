import type { Evaluator, Units } from './scored.js'

/**
 * An evaluator of a metric that is a function of sums over rows. The sums of each unit are made once, so that a
 * resample costs one pass over the units.
 */
export function additive(
  { rows, unitOfRow, count }: Units,
  figures: readonly ((row: number) => number)[],
  finish: (sums: readonly number[], rows: number) => number,
): Evaluator {
  const rowsOfUnit = new Float64Array(count)
  const sumsOfUnit = figures.map(() => new Float64Array(count))
  for (const row of rows) {
    const unit = unitOfRow[row] ?? 0
    rowsOfUnit[unit] = (rowsOfUnit[unit] ?? 0) + 1
    for (const [index, figure] of figures.entries()) {
      const sums = sumsOfUnit[index]
      if (sums !== undefined) sums[unit] = (sums[unit] ?? 0) + figure(row)
    }
  }
  const once = new Int32Array(count).fill(1)
  return (counts = once) => {
    const total = sumOf(rowsOfUnit, counts)
    if (total === 0) return null
    const value = finish(sumsOfUnit.map((ofUnit) => sumOf(ofUnit, counts)), total)
    return Number.isFinite(value) ? value : null
  }
}

function sumOf(ofUnit: Float64Array, counts: Int32Array): number {
  let sum = 0
  for (let unit = 0; unit < ofUnit.length; unit += 1) {
    const times = counts[unit] ?? 0
    // A unit that is not drawn must not spoil the sum with its NaN.
    if (times > 0) sum += times * (ofUnit[unit] ?? 0)
  }
  return sum
}
