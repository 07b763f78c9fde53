import { refitError } from '../../errors.js'
import type { Signature } from '../../packages/manifest.js'
import type { FeatureBatch, FeatureValue } from '../predictor.js'
import { encodeValue, featureName, isPlace, plainTypes, plainValue } from './features.js'

/** A feature as a model tells of it. */
export interface KnownFeature {
  readonly name: string
  readonly type: string
}

/** From which column of a row a feature comes, and how. */
export interface Encoder {
  readonly feature: string
  readonly column: string
  encode(value: FeatureValue): number | string | null
}

/**
 * How rows become examples: as the trainer encodes them, or, for a model from elsewhere, under the names that it knows them by.
 * @throws RefitError `model-unreadable`
 */
export function encodersOf(features: readonly KnownFeature[], { inputs }: Pick<Signature, 'inputs'>): readonly Encoder[] {
  if (areOurs(features)) return inputs.map(({ name, type }, index) => ({ feature: featureName(index), column: name, encode: (value) => encodeValue(type, value) }))
  const strange = features.find(({ type }) => !plainTypes.has(type))
  if (strange !== undefined) throw refitError('model-unreadable', { reason: `its feature ${strange.name} is a ${strange.type}; known are ${[...plainTypes].join(', ')}` })
  return features.map(({ name, type }) => ({ feature: name, column: name, encode: (value) => plainValue(type, value) }))
}

/** Whether the model is one of our trainer's, which names features by their places. */
export function areOurs(features: readonly KnownFeature[]): boolean {
  return features.every(({ name }) => isPlace(name))
}

/** Rows as Yggdrasil's runtime takes them. */
export function examplesOf(encoders: readonly Encoder[], { columns }: FeatureBatch): Record<string, (number | string | null)[]> {
  return Object.fromEntries(encoders.map(({ feature, column, encode }) => [feature, (columns[column] ?? []).map(encode)]))
}
