/** Test rows with the predictions of one model for them. All arrays run over the same rows. */
export type Scored =
  | { readonly task: 'regression'; readonly targets: Float64Array; readonly values: Float64Array }
  | {
      readonly task: 'classification'
      /** Index of the true class. */
      readonly labels: Int32Array
      /** Row-major, rows × classes. */
      readonly probabilities: Float64Array
      readonly classes: number
    }

/** Which rows are looked at, and the resampling unit of each row (from 0, without gaps). */
export interface Units {
  readonly rows: Int32Array
  readonly unitOfRow: Int32Array
  readonly count: number
}

/**
 * A metric of one model on some rows, as a function of how often each unit counts: `undefined` once each. Null where
 * it is undefined.
 */
export type Evaluator = (counts: Int32Array | undefined) => number | null

/**
 * The probabilities of a model with classes of its own, row by row in the order of others. A class that it does not know
 * has none. What it gives to one that is not asked for falls away: such a model looks no worse for it.
 */
export function inClasses(probabilities: Float64Array, own: readonly string[], classes: readonly string[]): Float64Array {
  const rows = own.length === 0 ? 0 : probabilities.length / own.length
  const aligned = new Float64Array(rows * classes.length)
  for (const [index, place] of own.map((label) => classes.indexOf(label)).entries()) {
    if (place === -1) continue
    for (let row = 0; row < rows; row += 1) aligned[row * classes.length + place] = probabilities[row * own.length + index] ?? 0
  }
  return aligned
}
