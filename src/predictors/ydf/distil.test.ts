import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deserialize, serialize } from 'node:v8'
import JSZip from 'jszip'
import { openForest } from './ask-forest.js'
import { distil, matrixOf } from './distil.js'
import { isForest } from './forest.js'
import { readForest } from './read-forest.js'
import { loadModel, startRuntime } from './runtime.js'

const fixture = fileURLToPath(new URL('../../../../test/fixtures/models/named-regression.ydf.zip', import.meta.url))
const asked = { area: [50, 120.5, 300, 80, null, 1e308, -1e308], district: ['north', 'south', 'centre', 'centre', 'nowhere', null, 'south'] }

test('a distilled model answers what Yggdrasil answers, to the last bit, also after it has crossed to another process', async () => {
  const blob = await readFile(fixture)
  const model = await loadModel(await startRuntime(), blob)
  const forest = await distil(blob, model)
  assert.ok(isForest(forest))
  const theirs = model.predict(asked)
  const matrix = matrixOf(forest, asked, 7)
  assert.deepEqual([...openForest(forest)(matrix, 7)], theirs)
  const crossed: unknown = deserialize(serialize(forest))
  assert.ok(isForest(crossed))
  for (const row of theirs.keys()) assert.deepEqual([...openForest(crossed)(matrix.subarray(row * 2, row * 2 + 2), 1)], theirs.slice(row, row + 1))
})

test('what does not answer as Yggdrasil does, or cannot be read, is left to Yggdrasil', async () => {
  const blob = await readFile(fixture)
  const model = await loadModel(await startRuntime(), blob)
  const zip = await JSZip.loadAsync(blob)
  const [nodes, header] = ['nodes-00000-of-00001', 'gradient_boosted_trees_header.pb']
  const [content, head] = [await zip.file(nodes)?.async('uint8array'), await zip.file(header)?.async('nodebuffer')]
  assert.ok(content !== undefined && head !== undefined)
  const initial = (await distil(blob, model))?.initial
  assert.ok(initial !== undefined)
  const at = head.indexOf(Buffer.from(initial.buffer))
  assert.ok(at > 0)
  // The last bit of what is added to every row.
  const changedHead = Uint8Array.from(head, (byte, index) => (index === at ? byte ^ 1 : byte))
  const compressed = Uint8Array.of(0x42, 0x53, 1, 0, 1, 0, 0, 0)
  for (const [file, changed] of [[nodes, content.subarray(0, content.length / 2)], [nodes, content.subarray(0, 8)], [nodes, compressed], [header, changedHead]] as const) {
    const other = await JSZip.loadAsync(blob)
    other.file(file, changed)
    assert.equal(await distil(await other.generateAsync({ type: 'uint8array' }), model), undefined)
  }
  assert.equal(readForest(new Map()), undefined)
})

test('starting the runtime changes nothing of what becomes of uncaught errors in this process', async () => {
  const before = [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')]
  await startRuntime()
  assert.deepEqual([process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')], before)
})
