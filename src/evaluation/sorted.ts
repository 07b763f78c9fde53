import { sumsOf } from './additive.js'
import { undefinedEvaluator, type Evaluator } from './evaluator.js'
import type { Units } from './scored.js'
import { sharedIntegers, sharedNumbers } from './shared-memory.js'
import type { Tally } from './tally.js'

/** Evaluators of metrics that need their rows in an order. They are sorted once; a resample is one pass over them. */

/**
 * Area under the ROC curve as the probability that a positive row scores above a negative one, ties counting half
 * (Mann-Whitney). Undefined when one side is empty.
 */
export function areaUnderCurve(units: Units, isPositive: (row: number) => boolean, score: (row: number) => number): Evaluator {
  const { cells, weights, ends } = scoredCells(units, isPositive, score)
  const isPlain = weights.every((weight) => weight === 1)
  return {
    tallies: [
      sumsOf(units, [(row) => (isPositive(row) ? 1 : 0), (row) => (isPositive(row) ? 0 : 1)]),
      { kind: 'pairs', cells, weights: isPlain ? undefined : weights },
      tiesOf(cells, weights, ends),
    ],
    // Within a tie the negative rows come first: all its pairs are counted, and half of them are too many.
    finish: ([positives = 0, negatives = 0, pairs = 0, tied = 0]) => (positives === 0 || negatives === 0 ? null : (pairs - tied / 2) / (positives * negatives)),
  }
}

/**
 * Average precision, the area under the curve of precision and recall without interpolation: the mean over the positive
 * rows of the precision among all that score at least as high. Undefined when one side is empty.
 */
export function averagePrecision(units: Units, isPositive: (row: number) => boolean, score: (row: number) => number): Evaluator {
  const { cells, weights, ends } = scoredCells(units, isPositive, (row) => -score(row))
  const shared = sharedIntegers(ends.length)
  shared.set(ends)
  return {
    tallies: [sumsOf(units, [(row) => (isPositive(row) ? 1 : 0), (row) => (isPositive(row) ? 0 : 1)]), { kind: 'precision', cells, weights, ends: shared }],
    finish: ([positives = 0, negatives = 0, sum = 0]) => (positives === 0 || negatives === 0 ? null : sum / positives),
  }
}

/** Rows in the order of their scores, of equal ones the negative rows first, and where each score ends. */
interface ScoredCells {
  readonly cells: Int32Array
  readonly weights: Float64Array
  readonly ends: readonly number[]
}

/** Rows of one unit, class and score are one cell with their weight: of a model with few scores, a few cells are left. */
function scoredCells({ rows, unitOfRow, count, weights: weightOfRow }: Units, isPositive: (row: number) => boolean, score: (row: number) => number): ScoredCells {
  const { order, keys } = sortedBy(rows, score)
  const cells = sharedIntegers(order.length)
  const weights = sharedNumbers(order.length)
  const ends: number[] = []
  const cellOf = new Int32Array(count * 2)
  let length = 0
  for (let start = 0; start < order.length; ) {
    const begin = length
    let end = start
    while (end < order.length && keys[end] === keys[start]) end += 1
    for (const positive of [0, 1]) {
      for (let at = start; at < end; at += 1) {
        const row = order[at] ?? 0
        if ((isPositive(row) ? 1 : 0) !== positive) continue
        const code = ((unitOfRow[row] ?? 0) << 1) | positive
        let cell = cellOf[code] ?? 0
        // What stands there of another score is below `begin`, or another unit's.
        if (cell < begin || cell >= length || cells[cell] !== code) {
          cell = length
          cellOf[code] = cell
          cells[cell] = code
          length += 1
        }
        weights[cell] = (weights[cell] ?? 0) + (weightOfRow?.[row] ?? 1)
      }
    }
    ends.push(length)
    start = end
  }
  return { cells: cells.subarray(0, length), weights: weights.subarray(0, length), ends }
}

/** The cells of scores that rows of both classes have. */
function tiesOf(cells: Int32Array, weights: Float64Array, ends: readonly number[]): Tally {
  const ties = ends.map((end, index) => ({ start: ends[index - 1] ?? 0, end })).filter(({ start, end }) => ((cells[start] ?? 0) & 1) === 0 && ((cells[end - 1] ?? 0) & 1) === 1)
  const length = ties.reduce((sum, { start, end }) => sum + end - start, 0)
  const tied = { kind: 'ties', cells: sharedIntegers(length), weights: sharedNumbers(length), ends: sharedIntegers(ties.length) } as const
  let at = 0
  for (const [index, { start, end }] of ties.entries()) {
    tied.cells.set(cells.subarray(start, end), at)
    tied.weights.set(weights.subarray(start, end), at)
    at += end - start
    tied.ends[index] = at
  }
  return tied
}

/** The median of a figure over rows, each as often as its unit counts, by weight; the mean of the two middle ones. */
export function median(units: Units, figure: (row: number) => number): Evaluator {
  const { rows, unitOfRow, weights } = units
  const { order, keys } = sortedBy(rows, figure)
  if (!keys.every(Number.isFinite)) return undefinedEvaluator
  return {
    tallies: [
      {
        kind: 'median',
        unit: sharedCopy(sharedIntegers(order.length), order.map((row) => unitOfRow[row] ?? 0)),
        values: sharedCopy(sharedNumbers(keys.length), keys),
        weights: weights === undefined ? undefined : sharedCopy(sharedNumbers(order.length), Float64Array.from(order, (row) => weights[row] ?? 0)),
        weightOf: sumsOf(units, [() => 1]),
      },
    ],
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
