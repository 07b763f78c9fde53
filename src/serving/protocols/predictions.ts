import type { Signature } from '../../packages/manifest.js'
import type { Answered } from '../ask.js'

/** A prediction without its probabilities: what a model of another platform answers. */
export type PlainPrediction = number | string

/**
 * One number or label a row. Labels that are all whole numbers are answered as numbers: they were numbers before they
 * came through the data as classes.
 */
export function plainPredictions({ signature, predictions }: Pick<Answered, 'signature' | 'predictions'>): readonly PlainPrediction[] {
  const asNumbers = hasNumericLabels(signature)
  return predictions.map((prediction) => (typeof prediction === 'number' ? prediction : asNumbers ? Number(prediction.label) : prediction.label))
}

/** Whether every class is a whole number as JSON writes it. */
export function hasNumericLabels({ classes }: Pick<Signature, 'classes'>): boolean {
  return classes.length > 0 && classes.every((label) => Number.isSafeInteger(Number(label)) && String(Number(label)) === label)
}
