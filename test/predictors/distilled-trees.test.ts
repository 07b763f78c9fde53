import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Signature } from '../../src/packages/manifest.js'
import type { FeatureBatch, FeatureValue, Predictions } from '../../src/predictors/predictor.js'
import { ydf } from '../../src/predictors/ydf/adapter.js'
import { encodersOf, examplesOf } from '../../src/predictors/ydf/encode.js'
import { MODEL_FILE } from '../../src/predictors/ydf/features.js'
import { toPredictions } from '../../src/predictors/ydf/predictions.js'
import { loadModel, startRuntime } from '../../src/predictors/ydf/runtime.js'
import { batchOf } from '../contracts/predictor.js'
import { seededRandom, type SeededRandom } from '../support/seeded-random.js'
import { districts, houseInputs, leaveTrees } from '../support/trained-trees.js'

const ROWS = 20_000
/** exp() of two libraries may differ in the last bit of a float, and a probability has passed one: of a float below 1 that is 6e-8. */
const PROBABILITY_TOLERANCE = 1e-6

const numbers = [0, -0, 1, 2, 49.5, 50, 100, 100.5, 150, -1e9, 1e9, 1e308, -1e308, 5e-324, 16_777_217]
const strange = ['', 'never seen', 'constructor', '__proto__', 'c01', 'n', '01 ', 'SÜD', '\ud800']

/** Rows of the kind that callers send: known and unknown values, and missing ones wherever they may be missing. */
function randomRow({ below }: SeededRandom): Record<string, FeatureValue> {
  return Object.fromEntries(
    houseInputs.map(({ name, type, optional }): [string, FeatureValue] => {
      if (optional && below(8) === 0) return [name, null]
      switch (type) {
        case 'category':
          return [name, (below(4) === 0 ? strange[below(strange.length)] : districts[below(districts.length)]) ?? '']
        case 'boolean':
          return [name, below(2) === 0]
        case 'number':
          return [name, (below(5) === 0 ? numbers[below(numbers.length)] : 40 + below(1_300_000) / 10_000) ?? 0]
      }
    }),
  )
}

function valuesOf(predictions: Predictions): Float64Array {
  return predictions.task === 'regression' ? predictions.values : predictions.probabilities
}

for (const { what, task, target, tolerance } of [
  { what: 'a regression', task: 'regression', target: 'price', tolerance: 0 },
  { what: 'two classes', task: 'classification', target: 'worth', tolerance: PROBABILITY_TOLERANCE },
  { what: 'many classes', task: 'classification', target: 'direction', tolerance: PROBABILITY_TOLERANCE },
] as const) {
  test(`${what} that is distilled answers ${ROWS} random rows as Yggdrasil's own runtime does${tolerance === 0 ? ', to the last bit' : ''}`, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'refit-distilled-'))
    context.after(() => rm(folder, { recursive: true, force: true }))
    await leaveTrees(folder, task, target)
    const unnamed: Signature = { task, inputs: houseInputs, target, classes: [] }
    const signature: Signature = { ...unnamed, classes: [...(await ydf.finish(folder, unnamed))] }
    const made = await ydf.distilled?.make(folder, signature)
    const distilled = ydf.distilled?.open(made, signature)
    assert.ok(distilled !== undefined, 'it was not distilled')

    const model = await loadModel(await startRuntime(), await readFile(join(folder, MODEL_FILE)))
    const encoders = encodersOf(model.getInputFeatures(), signature)
    const genuine = (batch: FeatureBatch): Float64Array => valuesOf(toPredictions(signature, batch.rows, model.predict(examplesOf(encoders, batch))))

    const random = seededRandom(context)
    const rows = Array.from({ length: ROWS }, () => randomRow(random))
    const batch = batchOf(signature, rows)
    const expected = genuine(batch)
    const found = valuesOf(await distilled.predict(batch))
    assert.equal(found.length, expected.length)
    for (const [index, value] of expected.entries()) {
      const difference = Math.abs((found[index] ?? Number.NaN) - value)
      assert.ok(difference <= tolerance, `${random.seed}: ${found[index]} instead of ${value} of ${JSON.stringify(rows[Math.floor(index / (expected.length / ROWS))])}`)
    }
    // One by one, and a few together, take another way through the trees.
    const width = expected.length / ROWS
    for (let from = 0; from < 500; ) {
      const count = 1 + random.below(7)
      const some = valuesOf(await distilled.predict(batchOf(signature, rows.slice(from, from + count))))
      assert.deepEqual(some, found.slice(from * width, (from + count) * width), random.seed)
      from += count
    }
    model.unload()
    await distilled.close()
  })
}
