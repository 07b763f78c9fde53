import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PackageManifest } from '../../src/packages/manifest.js'
import type { Predictor } from '../../src/predictors/predictor.js'
import { openInThread } from '../../src/predictors/threaded.js'
import { until } from '../support/running-project.js'

const manifest: PackageManifest = { formatVersion: 1, format: 'module', signature: { task: 'regression', inputs: [{ name: 'x', type: 'number', optional: false }], target: 'y', classes: [] }, files: [] }
const MOST_BYTES = 300_000_000
const KEPT_BYTES = 20_000_000

/** A module that does this with each request, in a thread. */
async function open(context: TestContext, work: string): Promise<Predictor> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-thread-'))
  await writeFile(join(folder, 'predictor.mjs'), `const kept = []\nexport const load = () => ({ predict: (rows) => { ${work}; return rows.map(() => 1) } })`)
  const entry = new URL('../../src/roles/predict-thread.bundle.js', import.meta.url)
  const predictor = await openInThread({ entry, folder, manifest, hangsAfterMs: 10_000, memoryBytes: MOST_BYTES, environment: {}, onOutput: () => undefined, onEnd: () => undefined })
  context.after(async () => {
    await predictor.close()
    await rm(folder, { recursive: true, force: true })
  })
  return predictor
}

const ask = (predictor: Predictor): Promise<unknown> => predictor.predict({ rows: 1, columns: { x: [1] } })

test('a thread tells what it holds, also when nobody waits for it any more', async (context) => {
  for (const keep of [`kept.push(Buffer.alloc(${KEPT_BYTES}, 1))`, `kept.push(Array.from({ length: ${KEPT_BYTES / 8} }, (_, index) => index))`]) {
    const predictor = await open(context, keep)
    await ask(predictor)
    const first = await until('word of its memory', () => Promise.resolve(predictor.heldBytes?.()))
    for (let request = 0; request < 5; request += 1) await ask(predictor)
    await until('word of what it has kept since', () => Promise.resolve((predictor.heldBytes?.() ?? 0) > first + 4 * KEPT_BYTES ? true : undefined))
    assert.equal(predictor.whyEnded?.(), undefined)
  }
})

test('one that is ended for its memory is loaded again, and it is told why it ended', async (context) => {
  const predictor = await open(context, `kept.push(Buffer.alloc(${KEPT_BYTES}, 1))`)
  const why = await until('its end', async () => {
    await ask(predictor).catch(() => undefined)
    return predictor.whyEnded?.()
  })
  assert.equal(why, 'it held more than 300 MB')
  await until('an answer of another one', () => ask(predictor).catch(() => undefined))
})

test('one that is closed has not ended by itself', async (context) => {
  const predictor = await open(context, '')
  await ask(predictor)
  await predictor.close()
  assert.equal(predictor.whyEnded?.(), undefined)
})
