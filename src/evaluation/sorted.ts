import { undefinedEvaluator, type Evaluator } from './evaluator.js'
import type { Units } from './scored.js'
import { sharedIntegers, sharedNumbers } from './shared-memory.js'

/** Evaluators of metrics that need their rows in an order. They are sorted once; a resample is one pass over them. */

/**
 * Area under the ROC curve as the probability that a positive row scores above a negative one, ties counting half
 * (Mann-Whitney). Undefined when one side is empty.
 */
export function areaUnderCurve(units: Units, isPositive: (row: number) => boolean, score: (row: number) => number): Evaluator {
  const { rows, unitOfRow, count } = units
  const { order, keys } = sortedBy(rows, score)
  const cells = new Int32Array(order.length)
  const weights = new Float64Array(order.length)
  // Rows of one unit, class and score are one cell with their number: of a model with few scores, a few cells are left.
  const cellOf = new Int32Array(count * 2)
  let length = 0
  for (let start = 0; start < order.length; ) {
    const begin = length
    let end = start
    for (; end < order.length && keys[end] === keys[start]; end += 1) {
      const row = order[end] ?? 0
      const code = ((unitOfRow[row] ?? 0) << 1) | (isPositive(row) ? 1 : 0)
      let cell = cellOf[code] ?? 0
      // What stands there of another score is below `begin`, or another unit's.
      if (cell < begin || cell >= length || (cells[cell] ?? 0) >>> 1 !== code) {
        cell = length
        cellOf[code] = cell
        cells[cell] = code << 1
        length += 1
      }
      weights[cell] = (weights[cell] ?? 0) + 1
    }
    cells[length - 1] = (cells[length - 1] ?? 0) | 1
    start = end
  }
  const isPlain = weights.subarray(0, length).every((weight) => weight === 1)
  return {
    tallies: [{ kind: 'pairs', cells: sharedCopy(sharedIntegers(length), cells), weights: isPlain ? undefined : sharedCopy(sharedNumbers(length), weights) }],
    finish: ([wins = 0, positives = 0, negatives = 0]) => (positives === 0 || negatives === 0 ? null : wins / (positives * negatives)),
  }
}

/** The median of a figure over rows, each as often as its unit counts; the mean of the two middle ones. */
export function median(units: Units, figure: (row: number) => number): Evaluator {
  const { rows, unitOfRow, count } = units
  const { order, keys } = sortedBy(rows, figure)
  if (!keys.every(Number.isFinite)) return undefinedEvaluator
  const rowsOfUnit = new Float64Array(count)
  for (const row of rows) rowsOfUnit[unitOfRow[row] ?? 0] = (rowsOfUnit[unitOfRow[row] ?? 0] ?? 0) + 1
  return {
    tallies: [{ kind: 'median', unit: sharedCopy(sharedIntegers(order.length), order.map((row) => unitOfRow[row] ?? 0)), values: sharedCopy(sharedNumbers(keys.length), keys), rowsOfUnit }],
    finish: ([value = Number.NaN]) => (Number.isFinite(value) ? value : null),
  }
}

/** Rows in the order of a key, with their keys. */
function sortedBy(rows: Int32Array, key: (row: number) => number): { readonly order: Int32Array; readonly keys: Float64Array } {
  const keyOf = Float64Array.from(rows, key)
  const places = Int32Array.from(rows, (_, place) => place).sort((a, b) => (keyOf[a] ?? 0) - (keyOf[b] ?? 0))
  return { order: places.map((place) => rows[place] ?? 0), keys: Float64Array.from(places, (place) => keyOf[place] ?? 0) }
}

function sharedCopy<A extends Int32Array | Float64Array>(into: A, from: A): A {
  into.set(from.subarray(0, into.length))
  return into
}
