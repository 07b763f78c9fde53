import { Type, type Static } from 'typebox'
import type { SignatureColumn } from '../../packages/manifest.js'
import type { FeatureValue } from '../predictor.js'

/**
 * How values are written for Yggdrasil, the same in training and prediction. It guesses a column's type from its
 * text, so categories get a letter in front: `98029` would be taken for a number.
 */
export const FeatureEncoding = Type.Object({
  formatVersion: Type.Literal(1),
  classes: Type.Array(Type.String()),
})
export type FeatureEncoding = Static<typeof FeatureEncoding>

export const ENCODING_FILE = 'features.json'
export const MODEL_FILE = 'model.ydf.zip'
const CATEGORY_PREFIX = 'c'

/** The label column in the CSV that Yggdrasil trains on: no feature may have this name. */
export const LABEL = 'refit_label'

/** A category as Yggdrasil sees it. */
export function encodeCategory(value: string): string {
  return `${CATEGORY_PREFIX}${value}`
}

/** Column names of a model are its own: signature names may hold anything. */
export function featureName(index: number): string {
  return `f${index}`
}

/** One value for prediction: numbers stay, booleans become 0 and 1, categories get their letter; null is missing. */
export function encodeValue(type: SignatureColumn['type'], value: FeatureValue): number | string | null {
  if (value === null) return null
  switch (type) {
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return value === true ? 1 : 0
    case 'category':
      return encodeCategory(String(value))
  }
}

/** The label behind an encoded class. */
export function decodeCategory(encoded: string): string {
  return encoded.slice(CATEGORY_PREFIX.length)
}
