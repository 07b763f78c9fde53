import type { Units } from './scored.js'

/** Numbers the resampling units of some rows in the order in which they first occur. */
export function unitsOf(rows: Int32Array, unitOfRow: readonly string[]): Units {
  const numbers = new Map<string, number>()
  const unitNumbers = new Int32Array(unitOfRow.length)
  for (const row of rows) {
    const unit = unitOfRow[row] ?? ''
    const known = numbers.get(unit)
    if (known === undefined) numbers.set(unit, numbers.size)
    unitNumbers[row] = known ?? numbers.size - 1
  }
  return { rows, unitOfRow: unitNumbers, count: numbers.size }
}

/**
 * How many units of equal size would tell as much (Kish: the squared sum of the sizes over the sum of their squares):
 * one group with half of the rows leaves little to resample, however many groups share the rest.
 */
export function effectiveUnits({ rows, unitOfRow, count }: Units): number {
  if (rows.length === 0) return 0
  const sizes = new Float64Array(count)
  for (const row of rows) sizes[unitOfRow[row] ?? 0] = (sizes[unitOfRow[row] ?? 0] ?? 0) + 1
  return rows.length ** 2 / sizes.reduce((sum, size) => sum + size * size, 0)
}

/** The rows for which a mask holds. */
export function rowsWhere(length: number, holds: (row: number) => boolean): Int32Array {
  return Int32Array.from({ length }, (_, row) => row).filter(holds)
}
