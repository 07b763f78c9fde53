import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signature } from '../packages/manifest.js'
import type { Predictor } from '../predictors/predictor.js'
import { warmUp } from './warm-up.js'

const signature: Signature = { task: 'regression', inputs: [{ name: 'carrier', type: 'category', optional: false }], target: 'hours', classes: [] }

/** Knows two carriers and refuses all others, as a model written by hand may. */
const strict: Predictor = {
  predict: ({ columns }) => {
    const wrong = columns['carrier']?.find((carrier) => carrier !== 'northpost' && carrier !== 'quickship')
    return wrong === undefined ? Promise.resolve({ task: 'regression', values: Float64Array.of(1) }) : Promise.reject(new Error(`unknown carrier ${JSON.stringify(wrong)}`))
  },
  close: () => Promise.resolve(),
}

test('a version is warmed up with the row that its package keeps, without what is no input', async () => {
  await warmUp(strict, signature, { carrier: 'quickship', note: 'no input' })
})

test('without one it is warmed up with a made-up row', async () => {
  await assert.rejects(warmUp(strict, signature, undefined), /unknown carrier ""/)
})
