import { distinctIn, quantileOf } from './histogram.js'
import { largestOf, scaleFor } from './magnitude.js'

/**
 * How well one column alone tells the target. Learnt on rows that train and judged on rows that test, so that a column
 * with a value of its own for each row tells nothing. It is a figure to warn by, not a model.
 */

/** Row-wise; NaN and null where a value is missing. */
export type FeatureValues = Float64Array | readonly (string | null)[]

export interface Target {
  /** A number, or the index of a class. */
  readonly values: Float64Array
  readonly task: 'regression' | 'classification'
}

/** `r2` of a regression; in a classification the share of right answers, and that of the most frequent class. */
export interface Told {
  readonly measure: 'r2' | 'accuracy'
  readonly value: number
  readonly byChance?: number
}

const MOST_BINS = 50
const ROWS_IN_A_BIN = 20
/** Numbers with no more values than this are told apart like categories; a target of many values wants lines through them. */
const FEW_VALUES = { regression: 20, classification: 200 }

/** What a feature tells of the target by itself; undefined where that cannot be said. */
export function toldBy(given: FeatureValues, { task, values }: Target, trains: readonly number[], tests: readonly number[]): Told | undefined {
  const feature = given instanceof Float64Array ? scaled(given) : given
  const target = { task, values: scaled(values) }
  const predict = feature instanceof Float64Array ? byNumber(feature, target, trains) : byKey((row) => feature[row] ?? undefined, target, trains)
  if (target.task === 'regression') {
    const mean = meanOf(tests, target.values)
    const total = sumOf(tests, (row) => ((target.values[row] ?? 0) - mean) ** 2)
    if (total === 0) return undefined
    const value = 1 - sumOf(tests, (row) => ((target.values[row] ?? 0) - predict(row)) ** 2) / total
    return Number.isFinite(value) ? { measure: 'r2', value } : undefined
  }
  const most = majorityOf(trains, target.values)
  const right = (answer: (row: number) => number): number => sumOf(tests, (row) => (answer(row) === target.values[row] ? 1 : 0)) / tests.length
  return { measure: 'accuracy', value: right(predict), byChance: right(() => most) }
}

/** Numbers that can be squared; what is told does not depend on their unit. */
function scaled(values: Float64Array): Float64Array {
  const scale = scaleFor(largestOf(values))
  return scale === 1 ? values : values.map((value) => value * scale)
}

/** Whether so much is told that the column may be a form of the target: of the squared error, or of the wrong answers, hardly any is left. */
export function isGiveaway({ measure, value, byChance = 0 }: Told): boolean {
  return measure === 'r2' ? value >= GIVEAWAY.r2 : byChance < 1 && (value - byChance) / (1 - byChance) >= GIVEAWAY.accuracy
}

export const GIVEAWAY = { r2: 0.98, accuracy: 0.95 } as const

type Predict = (row: number) => number

function byNumber(feature: Float64Array, target: Target, trains: readonly number[]): Predict {
  const given = trains.filter((row) => !Number.isNaN(feature[row]))
  const sorted = Float64Array.from(given, (row) => feature[row] ?? 0).toSorted()
  if (distinctIn(sorted) <= FEW_VALUES[target.task]) return byKey((row) => (Number.isNaN(feature[row]) ? undefined : feature[row]), target, trains)
  return byBin(feature, sorted, target, trains, given)
}

/** By quantile bins; in each of them the line of least squares, so that any smooth or monotone form of the target is seen as one. */
function byBin(feature: Float64Array, sorted: Float64Array, target: Target, trains: readonly number[], given: readonly number[]): Predict {
  const bins = Math.max(1, Math.min(MOST_BINS, Math.floor(sorted.length / ROWS_IN_A_BIN)))
  const edges = [...new Set(Array.from({ length: bins - 1 }, (_, index) => quantileOf(sorted, (index + 1) / bins)))]
  const binOf = (value: number): number => {
    let bin = 0
    while (bin < edges.length && value > (edges[bin] ?? 0)) bin += 1
    return bin
  }
  const missing = byKey((row) => (Number.isNaN(feature[row]) ? 'missing' : undefined), target, trains)
  const rowsOf = Array.from({ length: edges.length + 1 }, (): number[] => [])
  for (const row of given) rowsOf[binOf(feature[row] ?? 0)]?.push(row)
  const lines = rowsOf.map((rows) => (target.task === 'regression' ? lineThrough(rows, feature, target.values) : constant(majorityOf(rows, target.values))))
  return (row) => {
    const value = feature[row] ?? Number.NaN
    return Number.isNaN(value) ? missing(row) : (lines[binOf(value)]?.(value) ?? Number.NaN)
  }
}

function byKey(keyOf: (row: number) => string | number | undefined, target: Target, trains: readonly number[]): Predict {
  const answer = target.task === 'regression' ? meanOf : majorityOf
  const rows = new Map<string | number | undefined, number[]>()
  for (const row of trains) {
    const known = rows.get(keyOf(row))
    if (known === undefined) rows.set(keyOf(row), [row])
    else known.push(row)
  }
  const answers = new Map([...rows].map(([key, of]) => [key, answer(of, target.values)]))
  const otherwise = answer(trains, target.values)
  return (row) => answers.get(keyOf(row)) ?? otherwise
}

function constant(value: number): (x: number) => number {
  return () => value
}

/** Within the range of what it was drawn through. */
function lineThrough(rows: readonly number[], feature: Float64Array, values: Float64Array): (x: number) => number {
  const [middle, mean] = [meanOf(rows, feature), meanOf(rows, values)]
  const spread = sumOf(rows, (row) => ((feature[row] ?? 0) - middle) ** 2)
  if (rows.length < 3 || spread === 0) return constant(mean)
  const slope = sumOf(rows, (row) => ((feature[row] ?? 0) - middle) * ((values[row] ?? 0) - mean)) / spread
  const [low, high] = rows.reduce(([least, most], row) => [Math.min(least, feature[row] ?? 0), Math.max(most, feature[row] ?? 0)], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
  return (x) => mean + slope * (Math.min(Math.max(x, low), high) - middle)
}

function meanOf(rows: readonly number[], values: Float64Array): number {
  return rows.length === 0 ? 0 : sumOf(rows, (row) => values[row] ?? 0) / rows.length
}

function majorityOf(rows: readonly number[], values: Float64Array): number {
  const counts = new Map<number, number>()
  for (const row of rows) counts.set(values[row] ?? 0, (counts.get(values[row] ?? 0) ?? 0) + 1)
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), [0, 0])[0]
}

function sumOf(rows: readonly number[], value: (row: number) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0)
}
