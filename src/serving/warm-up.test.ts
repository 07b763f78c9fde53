import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import type { Predictor } from '../predictors/predictor.js'
import { warmUp } from './warm-up.js'

const signature: Signature = { task: 'regression', inputs: [{ name: 'zipcode', type: 'category', optional: false }], target: 'price', classes: [] }

function failingWith(reason: Error): Predictor {
  return {
    predict: async () => {
      await Promise.resolve()
      throw reason
    },
    close: () => Promise.resolve(),
  }
}

test('a model that refuses the made-up rows may serve: the check has seen it answer real ones', async () => {
  await warmUp(failingWith(refitError('prediction-invalid', { reason: 'there is no price for the zip code ""' })), signature)
})

test('a model whose runtime fails may not', async () => {
  await assert.rejects(warmUp(failingWith(new Error('memory access out of bounds')), signature), /out of bounds/)
})
