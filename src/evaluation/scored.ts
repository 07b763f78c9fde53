/** Test rows with the predictions of one model for them. All arrays run over the same rows. */
export type Scored = { /** Metrics of the user's own, by name. */ readonly custom?: Readonly<Record<string, CustomFigures>> } & (
  | { readonly task: 'regression'; readonly targets: Float64Array; readonly values: Float64Array }
  | {
      readonly task: 'classification'
      /** Index of the true class. */
      readonly labels: Int32Array
      /** Row-major, rows × classes. */
      readonly probabilities: Float64Array
      readonly classes: number
    }
)

/** A metric of the user's own on the rows of one model, in numbers. */
export interface CustomFigures {
  /** How many numbers a row adds. */
  readonly width: number
  /** Row by row. */
  readonly values: Float64Array
  /** The metric of the sums of rows that weigh so much together; NaN where there is none. */
  readonly total: (sums: readonly number[], weight: number) => number
  /** Why there is none, once it was asked for. */
  readonly reason: () => string | undefined
}

/** Which rows are looked at, and what is drawn with each of them: a number below `count`. */
export interface Units {
  readonly rows: Int32Array
  /** Of every row of the test set, also of those that are not looked at. */
  readonly unitOfRow: Int32Array
  readonly count: number
  /** How much every row of the test set counts; absent: as much as any other. */
  readonly weights?: Float64Array | undefined
  /** Whether units are blocks of time, one after the other: neighbours are alike then. */
  readonly isSerial?: boolean
}

/** A column of texts: for each row the index of its own in `values`. */
export interface Coded {
  readonly codes: Int32Array
  readonly values: readonly string[]
}

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
