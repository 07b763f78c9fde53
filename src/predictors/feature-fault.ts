import type { SignatureColumn } from '../packages/manifest.js'
import type { FeatureValue } from './predictor.js'

const LONGEST_SHOWN = 40

/** Why a value is none that a model takes for an input; undefined where it is one. The same for a request and a file. */
export function featureFault({ type, optional }: SignatureColumn, value: unknown): string | undefined {
  if (value === undefined || value === null) return optional ? undefined : `is ${value === null ? 'null' : 'missing'}, and not optional`
  switch (type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : `must be a number, is ${kindOf(value)}`
    case 'category':
      return typeof value === 'string' ? undefined : `must be text, is ${kindOf(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, is ${kindOf(value)}`
  }
}

/** Whether a value is one of a feature that is not missing. */
export function isFeature(value: unknown): value is Exclude<FeatureValue, null> {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
}

/** A value in a few words. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(shortened(value))}`
    case 'object':
      return 'an object'
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${String(value)}`
    default:
      return `of type ${typeof value}`
  }
}

/** What a caller wrote is shown to them again, but not all of it. */
export function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}
