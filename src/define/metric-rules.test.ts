import assert from 'node:assert/strict'
import { test } from 'node:test'
import { column } from './column.js'
import { defineModel } from './model.js'
import { resolveProject } from './resolve-project.js'

test('a confidence within `each` is refused, by the types and at its place in the definition', () => {
  const model = defineModel({
    task: 'regression',
    columns: { zipcode: column.category(), price: column.target() },
    source: { kind: 'upload', options: {} },
    train: { kind: 'module', options: {} },
    check: (m) => [
      m.mape.atMost(0.2, { confidence: 0.95 }),
      // @ts-expect-error -- Slices take none: see the rule below.
      m.each('zipcode').mape.atMost(0.3, { confidence: 0.95 }),
      m.each('zipcode').mape.atLeast(0.01),
    ],
  })
  const resolved = resolveProject({ models: { price: model } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('faults' in resolved && resolved.faults, [
    { path: 'models.price.check[1]', message: 'a rule for each value of a column takes no confidence: a value fails only if it is proven to be beyond the limit' },
  ])
})
