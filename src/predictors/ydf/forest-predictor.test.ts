import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Signature } from '../../packages/manifest.js'
import type { Forest } from './forest.js'
import { forestPredictor } from './forest-predictor.js'

const BODY_BYTES = 8_000_000
const districts = Array.from({ length: 30 }, (_, index) => `a district with a long name, number ${index}`)
const signature: Signature = { task: 'regression', inputs: [{ name: 'district', type: 'category', optional: false }], target: 'price', classes: [] }

/** One tree, which is one leaf. */
const forest: Forest = {
  features: [{ name: 'district', values: new Map(districts.map((name, index) => [name, index + 1])), missing: 0 }],
  roots: Int32Array.of(0),
  depths: Int32Array.of(0),
  feature: Int16Array.of(0),
  limit: Float32Array.of(Number.NaN),
  base: Int32Array.of(-1),
  child: Int32Array.of(0),
  leaf: Float32Array.of(1),
  members: new Uint8Array(),
  initial: Float32Array.of(0),
  initialFirst: true,
  link: 'identity',
}

function usedAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  Reflect.apply(collect, undefined, [])
  return process.memoryUsage().heapUsed
}

test('what a model remembers of categories keeps none of the bodies in memory that they were cut from', async () => {
  const predictor = forestPredictor(forest, signature)
  const before = usedAfterCollection()
  for (const district of districts) {
    const body = `${Buffer.alloc(BODY_BYTES, 'x').toString()}${district}`
    const { length } = Buffer.from(body)
    await predictor.predict({ rows: 1, columns: { district: [body.slice(length - district.length)] } })
  }
  const kept = usedAfterCollection() - before
  assert.ok(kept < 4 * BODY_BYTES, `${kept} bytes are kept after ${districts.length} bodies`)
  await predictor.close()
})
