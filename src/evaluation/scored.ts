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
