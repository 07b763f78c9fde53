import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampledSteps } from './sampled-steps.js'

const runs = new Map([
  ['long', Array.from({ length: 100 }, (_, index) => index)],
  ['short', [40, 55, 99]],
])

test('few steps are all shown', () => {
  assert.deepEqual(sampledSteps(runs, { start: undefined, end: undefined, most: 1000 }), runs)
})

test('many steps are spread over all runs, with the first and the last of each', () => {
  const sampled = sampledSteps(runs, { start: undefined, end: undefined, most: 5 })
  assert.deepEqual(sampled.get('long'), [0, 25, 50, 74, 99])
  assert.deepEqual(sampled.get('short'), [40, 99])
})

test('only steps within the bounds are shown', () => {
  const sampled = sampledSteps(runs, { start: 50, end: 60, most: 3 })
  assert.deepEqual(sampled.get('long'), [50, 55, 60])
  assert.deepEqual(sampled.get('short'), [55])
  assert.deepEqual(sampledSteps(new Map(), { start: undefined, end: undefined, most: 3 }), new Map())
})
