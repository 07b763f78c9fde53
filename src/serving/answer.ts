import { refitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import { likeliest } from '../predictors/likeliest.js'
import type { Predictions } from '../predictors/predictor.js'
import type { PredictAnswer } from './wire.js'

/**
 * Predictions as they are answered: numbers, or labels with their probabilities.
 * @throws RefitError `prediction-invalid`: no caller is handed a value that is no number
 */
export function answerOf(signature: Signature, predictions: Predictions): PredictAnswer['predictions'] {
  return predictions.task === 'regression' ? numbersOf(predictions.values) : classesOf(signature.classes, predictions.probabilities)
}

function numbersOf(values: Float64Array): number[] {
  requireFinite(values)
  return Array.from(values)
}

function classesOf(classes: readonly string[], probabilities: Float64Array): { label: string; probabilities: Record<string, number> }[] {
  requireFinite(probabilities)
  return Array.from({ length: probabilities.length / classes.length }, (_, row) => {
    const of = probabilities.subarray(row * classes.length, (row + 1) * classes.length)
    return { label: classes[likeliest(of)] ?? '', probabilities: Object.fromEntries(classes.map((label, index) => [label, of[index] ?? 0])) }
  })
}

function requireFinite(values: Float64Array): void {
  for (const value of values) if (!Number.isFinite(value)) throw refitError('prediction-invalid', { reason: `${value} is no number` })
}
