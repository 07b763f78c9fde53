import { RefitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import type { FeatureBatch, FeatureValue, Predictor } from '../predictors/predictor.js'

const ROUNDS = 3

/** Lets a new predictor answer a few made-up rows, so that no caller pays for what happens at the first answers only. */
export async function warmUp(predictor: Predictor, signature: Signature): Promise<void> {
  const batch = neutralRow(signature)
  for (let round = 0; round < ROUNDS; round += 1) await predictor.predict(batch).catch(unlessRefused)
}

/** The check has seen the model answer real rows; one that refuses a row nobody would send may serve. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof RefitError && error.code === 'prediction-invalid')) throw error
}

function neutralRow({ inputs }: Signature): FeatureBatch {
  const values = { number: 0, category: '', boolean: false } as const satisfies Record<string, FeatureValue>
  return { rows: 1, columns: Object.fromEntries(inputs.map(({ name, type }) => [name, [values[type]]])) }
}
