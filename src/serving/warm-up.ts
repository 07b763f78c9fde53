import type { Signature } from '../packages/manifest.js'
import type { FeatureBatch, FeatureValue, Predictor } from '../predictors/predictor.js'

const ROUNDS = 3

/** Lets a new predictor answer a few made-up rows, so that no caller pays for what happens at the first answers only. */
export async function warmUp(predictor: Predictor, signature: Signature): Promise<void> {
  const batch = neutralRow(signature)
  // What such a row is worth is the check's business; here only the way is trodden.
  for (let round = 0; round < ROUNDS; round += 1) await predictor.predict(batch)
}

function neutralRow({ inputs }: Signature): FeatureBatch {
  const values = { number: 0, category: '', boolean: false } as const satisfies Record<string, FeatureValue>
  return { rows: 1, columns: Object.fromEntries(inputs.map(({ name, type }) => [name, [values[type]]])) }
}
