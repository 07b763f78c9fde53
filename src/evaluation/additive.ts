import type { Evaluator } from './evaluator.js'
import type { Units } from './scored.js'
import type { Sums } from './tally.js'

/**
 * An evaluator of a metric that is a function of sums over rows, each times its weight, and of the sum of the weights. The sums of each unit are made once, so that a
 * resample costs one pass over the units.
 */
export function additive(units: Units, figures: readonly ((row: number) => number)[], finish: (sums: readonly number[], weight: number) => number): Evaluator {
  return fromSums(sumsOf(units, [() => 1, ...figures]), finish)
}

/** The same of sums that others may share: of the weight first, then of each figure. */
export function fromSums(tally: Sums, finish: (sums: readonly number[], weight: number) => number): Evaluator {
  return {
    tallies: [tally],
    finish: (tallied) => {
      const total = tallied[0] ?? 0
      if (total === 0) return null
      // By hand: this is done for every resample, and `Array.from` of a typed array takes longer than what follows.
      const sums: number[] = []
      for (let at = 1; at < tallied.length; at += 1) sums.push(tallied[at] ?? Number.NaN)
      const value = finish(sums, total)
      return Number.isFinite(value) ? value : null
    },
  }
}

/** Sums of figures over the rows of each unit, each times the weight of its row. */
export function sumsOf(units: Units, figures: readonly ((row: number) => number)[]): Sums {
  const { rows, unitOfRow, weights } = units
  const { unit, cellOfUnit } = cellsOf(units)
  const values = new Float64Array(unit.length * figures.length)
  for (const [column, figure] of figures.entries()) {
    const from = column * unit.length
    for (const row of rows) {
      const weight = weights?.[row] ?? 1
      // What does not count may be undefined.
      if (weight === 0) continue
      const at = from + (cellOfUnit[unitOfRow[row] ?? 0] ?? 0)
      values[at] = (values[at] ?? 0) + weight * figure(row)
    }
  }
  return { kind: 'sums', unit, width: figures.length, values, isFinite: values.every(Number.isFinite) }
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
