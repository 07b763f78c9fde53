import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Signature } from '../../packages/manifest.js'
import { ydf } from './adapter.js'
import { MODEL_FILE } from './features.js'
import { FOREST_FILE, keepForest, readKeptForest } from './forest-file.js'

const fixture = fileURLToPath(new URL('../../../../test/fixtures/models/named-regression.ydf.zip', import.meta.url))
const signature: Signature = {
  task: 'regression',
  inputs: [
    { name: 'area', type: 'number', optional: false },
    { name: 'district', type: 'category', optional: false },
  ],
  target: 'price',
  classes: [],
}
const batch = { rows: 5, columns: { area: [50, 120.5, 300, null, 1e308], district: ['north', 'south', 'centre', 'nowhere', null] } }

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refit-forest-'))
  await copyFile(fixture, join(folder, MODEL_FILE))
})
after(() => rm(folder, { recursive: true }))

async function answers(): Promise<unknown> {
  const predictor = await ydf.load(folder, signature)
  const predictions = await predictor.predict(batch)
  await predictor.close()
  return predictions
}

test('packaging leaves the forest beside its model, the same bytes each time, and what is loaded from it answers as before', async () => {
  const before = await answers()
  await ydf.finish(folder, signature)
  const bytes = await readFile(join(folder, FOREST_FILE))
  await ydf.finish(folder, signature)
  assert.deepEqual(await readFile(join(folder, FOREST_FILE)), bytes)
  // Without its runtime: what is loaded now is the forest alone.
  await writeFile(join(folder, MODEL_FILE), 'no model')
  assert.deepEqual(await answers(), before)
  await copyFile(fixture, join(folder, MODEL_FILE))
})

test('a forest that came with a model is replaced by what that model says', async () => {
  await ydf.finish(folder, signature)
  const own = await readKeptForest(folder)
  assert.ok(own !== undefined)
  const other = { ...own, leaf: own.leaf.map((value) => value + 1) }
  await keepForest(folder, other)
  assert.deepEqual(await readKeptForest(folder), other)
  await ydf.finish(folder, signature)
  assert.deepEqual(await readKeptForest(folder), own)
  await keepForest(folder, undefined)
  assert.equal(await readKeptForest(folder), undefined)
})

test('what is no forest of this form is none', async () => {
  await ydf.finish(folder, signature)
  const whole = await readFile(join(folder, FOREST_FILE))
  const otherForm = Buffer.from(whole.toString('latin1').replace('"form":1', '"form":2'), 'latin1')
  assert.notDeepEqual(otherForm, whole)
  for (const bytes of [Buffer.of(), Buffer.from('no forest'), whole.subarray(0, whole.length / 2), Buffer.concat([whole, Buffer.of(0)]), otherForm]) {
    await writeFile(join(folder, FOREST_FILE), bytes)
    assert.equal(await readKeptForest(folder), undefined)
  }
})

test('trees that are deeper than they have nodes, and would keep whoever asks them, are none', async () => {
  await ydf.finish(folder, signature)
  const own = await readKeptForest(folder)
  assert.ok(own !== undefined)
  for (const depth of [-1, own.feature.length + 1, 2 ** 31 - 1]) {
    await keepForest(folder, { ...own, depths: own.depths.map(() => depth) })
    assert.equal(await readKeptForest(folder), undefined)
  }
})
