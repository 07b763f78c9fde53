import type { SignatureColumn } from '../../packages/manifest.js'
import type { FeatureValue } from '../predictor.js'

export const MODEL_FILE = 'model.ydf.zip'

/**
 * A category as Yggdrasil sees it, the same here and in the trainer's child. It guesses a column's type from its text:
 * a code such as `98029` would be a number, and words with spaces or commas between them a set of words. So there is
 * a letter in front, and whatever is no letter or digit is written as its code. A missing value, or empty text, is a
 * category of its own, or Yggdrasil would take it for the most frequent one.
 */
function encodeCategory(value: string): string {
  if (value === '') return 'n'
  return `c${value.replaceAll(/[^A-Za-z0-9]/gu, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`)}`
}

/** Column names of a model are its own: signature names may hold anything. */
export function featureName(index: number): string {
  return `f${index}`
}

/** Whether a name is one that the trainer gives: it says which place a column has, whatever the columns are called. */
export function isPlace(name: string): boolean {
  return /^f\d+$/.test(name)
}

/** Types of features of a model from elsewhere that a row can hold. */
export const plainTypes: ReadonlySet<string> = new Set(['NUMERICAL', 'CATEGORICAL', 'BOOLEAN'])

/** One value for a feature of a model from elsewhere, which knows categories as they are written. */
export function plainValue(type: string, value: FeatureValue): number | string | null {
  if (value === null) return null
  if (type === 'CATEGORICAL') return String(value)
  return typeof value === 'number' ? value : value === true ? 1 : value === false ? 0 : null
}

/** One value for prediction: numbers stay, booleans become 0 and 1; null is a missing number. */
export function encodeValue(type: SignatureColumn['type'], value: FeatureValue): number | string | null {
  switch (type) {
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return value === null ? null : value === true ? 1 : 0
    case 'category':
      return encodeCategory(value === null ? '' : String(value))
  }
}

/** The label behind an encoded class. */
export function decodeCategory(encoded: string): string {
  return encoded.slice(1).replaceAll(/_([0-9a-f]+)_/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
}
