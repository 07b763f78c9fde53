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

/** The rows for which a mask holds. */
export function rowsWhere(length: number, holds: (row: number) => boolean): Int32Array {
  return Int32Array.from({ length }, (_, row) => row).filter(holds)
}
