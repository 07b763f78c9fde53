import type { Evaluator } from './evaluator.js'
import type { Units } from './scored.js'

/**
 * An evaluator of a metric that is a function of sums over rows. The sums of each unit are made once, so that a
 * resample costs one pass over the units.
 */
export function additive(
  units: Units,
  figures: readonly ((row: number) => number)[],
  finish: (sums: readonly number[], rows: number) => number,
): Evaluator {
  const { rows, unitOfRow } = units
  const { unit, cellOfUnit } = cellsOf(units)
  const width = figures.length + 1
  const values = new Float64Array(unit.length * width)
  for (const row of rows) {
    const at = (cellOfUnit[unitOfRow[row] ?? 0] ?? 0) * width
    values[at] = (values[at] ?? 0) + 1
    for (let index = 0; index < figures.length; index += 1) values[at + 1 + index] = (values[at + 1 + index] ?? 0) + (figures[index]?.(row) ?? Number.NaN)
  }
  return {
    tallies: [{ kind: 'sums', unit, width, values }],
    finish: ([total = 0, ...sums]) => {
      if (total === 0) return null
      const value = finish(sums, total)
      return Number.isFinite(value) ? value : null
    },
  }
}

/** The units that have rows, in their order: of a slice it may be few of many. */
function cellsOf({ rows, unitOfRow, count }: Units): { readonly unit: Int32Array; readonly cellOfUnit: Int32Array } {
  const cellOfUnit = new Int32Array(count)
  for (const row of rows) cellOfUnit[unitOfRow[row] ?? 0] = 1
  const unit = Int32Array.from({ length: cellOfUnit.reduce((sum, has) => sum + has, 0) })
  let cell = 0
  for (let each = 0; each < count; each += 1) {
    if (cellOfUnit[each] === 0) continue
    unit[cell] = each
    cellOfUnit[each] = cell
    cell += 1
  }
  return { unit, cellOfUnit }
}
