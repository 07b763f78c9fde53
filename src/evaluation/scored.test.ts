import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inClasses } from './scored.js'

test('probabilities are put in the order of the classes that are asked for', () => {
  assert.deepEqual([...inClasses(Float64Array.of(0.75, 0.25, 0.5, 0.5), ['up', 'down'], ['down', 'flat', 'up'])], [0.25, 0, 0.75, 0.5, 0, 0.5])
})

test('a class that only this model knows takes nothing from the rows around it', () => {
  assert.deepEqual([...inClasses(Float64Array.of(0.5, 0.25, 0.25, 0.125, 0.375, 0.5), ['flat', 'down', 'up'], ['down', 'up'])], [0.25, 0.25, 0.375, 0.5])
})
