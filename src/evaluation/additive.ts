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
  return (counts) => {
    let total = 0
    for (let unit = 0; unit < count; unit += 1) total += (counts?.[unit] ?? (counts === undefined ? 1 : 0)) * (rowsOfUnit[unit] ?? 0)
    if (total === 0) return null
    const sums = sumsOfUnit.map((ofUnit) => {
      let sum = 0
      for (let unit = 0; unit < count; unit += 1) {
        const times = counts === undefined ? 1 : (counts[unit] ?? 0)
        // A unit that is not drawn must not spoil the sum with its NaN.
        if (times > 0) sum += times * (ofUnit[unit] ?? 0)
      }
      return sum
    })
    const value = finish(sums, total)
    return Number.isFinite(value) ? value : null
  }
}
