import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signature } from '../packages/manifest.js'
import { answerOf } from './answer.js'

const regression: Signature = { task: 'regression', inputs: [], target: 'price', classes: [] }
const classification: Signature = { task: 'classification', inputs: [], target: 'direction', classes: ['down', 'same', 'up'] }

test('a regression is answered by numbers, one a row', () => {
  assert.deepEqual(answerOf(regression, { task: 'regression', values: Float64Array.of(1.5, -2, 0) }), [1.5, -2, 0])
})

test('a classification is answered by the likeliest label and all probabilities, a tie by the first label', () => {
  const probabilities = Float64Array.of(0.2, 0.3, 0.5, 0.4, 0.2, 0.4)
  assert.deepEqual(answerOf(classification, { task: 'classification', probabilities }), [
    { label: 'up', probabilities: { down: 0.2, same: 0.3, up: 0.5 } },
    { label: 'down', probabilities: { down: 0.4, same: 0.2, up: 0.4 } },
  ])
})

test('what is no number is never answered, wherever in the batch it stands', () => {
  for (const wrong of [Number.NaN, Infinity, -Infinity]) {
    assert.throws(() => answerOf(regression, { task: 'regression', values: Float64Array.of(1, 2, wrong) }), { code: 'prediction-invalid' })
    assert.throws(() => answerOf(classification, { task: 'classification', probabilities: Float64Array.of(1, 0, 0, wrong, 0, 0) }), { code: 'prediction-invalid' })
  }
})
