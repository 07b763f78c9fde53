import type { Signature } from '../packages/manifest.js'
import type { FeatureBatch, FeatureValue, Predictor } from '../predictors/predictor.js'
import { readRows } from './read-rows.js'

const ROUNDS = 3

/**
 * Lets a new predictor answer a few times, so that no caller pays for what happens at the first answers only. It is asked
 * about the row of its training set that its package keeps, if any: a model may well refuse a made-up one.
 */
export async function warmUp(predictor: Predictor, signature: Signature, example: object | undefined): Promise<void> {
  const batch = example === undefined ? neutralRow(signature) : readRows(signature, [inputsOf(signature, example)])
  for (let round = 0; round < ROUNDS; round += 1) await predictor.predict(batch)
}

function inputsOf({ inputs }: Signature, example: object): object {
  return Object.fromEntries(Object.entries(example).filter(([name]) => inputs.some((input) => input.name === name)))
}

function neutralRow({ inputs }: Signature): FeatureBatch {
  const values = { number: 0, category: '', boolean: false } as const satisfies Record<string, FeatureValue>
  return { rows: 1, columns: Object.fromEntries(inputs.map(({ name, type }) => [name, [values[type]]])) }
}
