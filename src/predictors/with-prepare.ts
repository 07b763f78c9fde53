import { refitError } from '../errors.js'
import type { SignatureColumn } from '../packages/manifest.js'
import { RowNotPrepared, type Preparer } from '../prepare/prepare-rows.js'
import type { FeatureBatch, Predictor } from './predictor.js'

/**
 * A predictor of rows as callers have them, whatever its format: they are prepared as the rows were that it was trained
 * on. `features` is what the model itself takes.
 */
export function withPrepare(predictor: Predictor, preparer: Preparer, features: readonly SignatureColumn[]): Predictor {
  return { ...predictor, predict: async (batch, wanted) => predictor.predict(prepared(preparer, features, batch), wanted) }
}

/** @throws RefitError `row-not-prepared` */
function prepared(preparer: Preparer, features: readonly SignatureColumn[], { rows, columns }: FeatureBatch): FeatureBatch {
  try {
    const outputs = preparer.prepare(rows, columns)
    return { rows, columns: Object.fromEntries(features.map(({ name }) => [name, outputs.get(name) ?? columns[name] ?? []])) }
  } catch (error) {
    if (error instanceof RowNotPrepared) throw refitError('row-not-prepared', { row: error.row, reason: error.reason }, { cause: error })
    throw error
  }
}
