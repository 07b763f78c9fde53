import type { Duration, Share } from './measures.js'

/** What is kept of the answers of a model's endpoint, so that they can be compared with the truth. */
export interface PredictionLog<N extends string = string> {
  /** Of the answers, each with all its rows; default `'10%'`. */
  readonly share?: Share | '100%'
  /** The features that are kept with the prediction; default: all. `[]` keeps the predictions alone. */
  readonly columns?: readonly N[]
  /** For how long, the truth too; default `'90 days'`. */
  readonly keep?: Duration
}
