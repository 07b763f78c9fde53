import { RefitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import { featureFault, isFeature } from '../predictors/feature-fault.js'
import type { FeatureBatch, FeatureValue, Predictions, Predictor } from '../predictors/predictor.js'
import { RowNotPrepared } from '../prepare/prepare-rows.js'

/** A reason names a few columns; a row of a thousand wrong ones has one cause. */
const LONGEST_REASON = 300

/** Rows as they were read, column by column: a value, or, where it cannot be one of its type, its text. */
export interface ReadRows {
  readonly rows: number
  readonly columns: Readonly<Record<string, readonly unknown[]>>
}

/** The same rows in pieces of so many at most, each with the place of its first one. */
export function* piecesOf({ rows, columns }: ReadRows, next: () => number): Generator<{ readonly at: number; readonly piece: ReadRows }> {
  for (let at = 0; at < rows; ) {
    const to = Math.min(rows, at + next())
    const piece = to - at === rows ? columns : Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.slice(at, to)]))
    yield { at, piece: { rows: to - at, columns: piece } }
    at = to
  }
}

/** What a model says of some rows, in their order. */
export interface ScoredRows {
  /** 1 a row for a regression, otherwise one a class, row by row. Of a row with a reason they mean nothing. */
  readonly values: Float64Array
  /** Why a row has no prediction. */
  readonly reasons: readonly (string | undefined)[]
}

/** Values that the model gives for a row. */
export function widthOf({ task, classes }: Pick<Signature, 'task' | 'classes'>): number {
  return task === 'regression' ? 1 : classes.length
}

/**
 * Scores rows as the endpoint would answer them; a row that it would refuse gets the reason instead, and costs no other
 * one its prediction.
 * @throws RefitError, Error when the model fails whatever the row
 */
export async function scoreRows(predictor: Predictor, signature: Signature, read: ReadRows): Promise<ScoredRows> {
  const width = widthOf(signature)
  const reasons = faultsOf(signature, read)
  const values = new Float64Array(read.rows * width)
  const sound = Array.from({ length: read.rows }, (_, row) => row).filter((row) => reasons[row] === undefined)
  const ask = async (rows: readonly number[]): Promise<void> => {
    if (rows.length === 0) return
    try {
      const found = numbersOf(await predictor.predict(batchOf(signature, read, rows)))
      for (const [index, row] of rows.entries()) {
        const own = found.subarray(index * width, (index + 1) * width)
        values.set(own, row * width)
        const strange = own.find((value) => !Number.isFinite(value))
        if (strange !== undefined) reasons[row] = `the model answers ${strange}, which is no number`
      }
    } catch (error) {
      if (!isOfRow(error)) throw error
      if (rows.length === 1) {
        for (const row of rows) reasons[row] = reasonOf(error)
        return
      }
      // One of them is to blame: the other ones get what they would get without it.
      const half = Math.ceil(rows.length / 2)
      await ask(rows.slice(0, half))
      await ask(rows.slice(half))
    }
  }
  await ask(sound)
  return { values, reasons }
}

function faultsOf({ inputs }: Signature, { rows, columns }: ReadRows): (string | undefined)[] {
  const reasons = Array.from<string | undefined>({ length: rows })
  for (const input of inputs) {
    const values = columns[input.name] ?? []
    for (let row = 0; row < rows; row += 1) {
      const fault = featureFault(input, values[row])
      if (fault === undefined) continue
      const before = reasons[row]
      reasons[row] = shortened(`${before === undefined ? '' : `${before}; `}${input.name} ${fault}`)
    }
  }
  return reasons
}

function batchOf({ inputs }: Signature, { columns }: ReadRows, rows: readonly number[]): FeatureBatch {
  const valuesOf = (name: string): FeatureValue[] => {
    const values = columns[name] ?? []
    return rows.map((row) => {
      const value = values[row]
      return isFeature(value) ? value : null
    })
  }
  return { rows: rows.length, columns: Object.fromEntries(inputs.map(({ name }) => [name, valuesOf(name)])) }
}

function numbersOf(predictions: Predictions): Float64Array {
  return predictions.task === 'regression' ? predictions.values : predictions.probabilities
}

/** Whether a model failed at what it was asked, and not by itself. */
function isOfRow(error: unknown): error is RefitError {
  return error instanceof RefitError && (error.code === 'row-not-prepared' || error.code === 'prediction-invalid')
}

function reasonOf(error: RefitError): string {
  const { cause } = error
  return shortened(cause instanceof RowNotPrepared ? `it cannot be prepared: ${cause.reason}` : error.message)
}

function shortened(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason
}
