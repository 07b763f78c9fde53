import assert from 'node:assert/strict'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { listReplicas } from '../../src/registry/replicas.js'
import { failureOf, predict, send, startEndpoint, until, untilLive, type Endpoint } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

async function newPlatform(context: TestContext): Promise<Platform> {
  const platform = await startPlatform('house-price')
  context.after(() => platform.stop())
  return platform
}

async function answeredBy({ url }: Endpoint): Promise<unknown> {
  return (await predict(url, 'house-price', [{ rooms: 3 }])).json
}

function answer(version: number, prediction: number): unknown {
  return { model: 'house-price', version, predictions: [prediction] }
}

/** The file of an object store that holds a package's predictor. */
async function predictorFile({ stateFolder }: Platform, digest: string): Promise<string> {
  const objects = join(stateFolder, 'objects')
  const manifest = await readFile(join(objects, 'manifests', `${digest}.json`), 'utf8')
  const sha256 = /"path":"predictor.mjs","sha256":"([0-9a-f]{64})"/.exec(manifest)?.[1] ?? ''
  const [path] = (await readdir(objects, { recursive: true })).filter((name) => name.endsWith(sha256))
  assert.ok(sha256 !== '' && path !== undefined)
  return join(objects, path)
}

test('before a model has a champion its endpoint is ready and answers that nothing serves; then it serves without a restart', async (context) => {
  const platform = await newPlatform(context)
  const endpoint = await startEndpoint(platform)
  context.after(() => endpoint.stop())
  await until('it is ready', async () => (await send(`${endpoint.url}/ready`)).status === 200)
  assert.equal(failureOf(await predict(endpoint.url, 'house-price', [{ rooms: 1 }])).code, 'model-not-live')
  await platform.publish('house-price', times(5))
  await untilLive(endpoint.url, 'house-price', 1)
  assert.deepEqual(await answeredBy(endpoint), answer(1, 15))
  await until('the registry knows what this endpoint serves', async () =>
    (await listReplicas(platform.database, new Date())).some(({ address, live }) => address === endpoint.url && live[0]?.version === 1),
  )
  await platform.keepModels()
  await until('the model is taken out', async () => (await send(`${endpoint.url}/models/house-price`)).status === 404)
})

test('a corrupt package is refused: the version before keeps serving, the log and the metrics say why, and the next one serves', async (context) => {
  const platform = await newPlatform(context)
  await platform.publish('house-price', times(1))
  const endpoint = await startEndpoint(platform)
  context.after(() => endpoint.stop())
  await untilLive(endpoint.url, 'house-price', 1)

  const bad = await platform.addVersion('house-price', times(2))
  const file = await predictorFile(platform, bad.digest)
  await rm(file)
  await writeFile(file, (await readFile(await predictorFile(platform, (await platform.addVersion('house-price', times(3))).digest), 'utf8')).slice(0, -1))
  await platform.promote('house-price', bad.version)
  await until('the log says why', () => /version 2 could not be loaded, version 1 stays: The model package is damaged: .*predictor\.mjs/.test(endpoint.log()))
  assert.deepEqual(await answeredBy(endpoint), answer(1, 3))
  assert.match((await send(`${endpoint.url}/metrics`)).body, /refit_swap_failures_total\{model="house-price"\} [1-9]/)

  for (const [version, predictBody, words] of [
    [4, 'nonsense(', /version 4 could not be loaded, version 1 stays: The model cannot be loaded/],
    [5, 'throw new Error("never")', /version 5 could not be loaded, version 1 stays: .*never/],
  ] as const) {
    await platform.publish('house-price', predictBody)
    await until(`the log says why version ${version} does not serve`, () => words.test(endpoint.log()))
    assert.deepEqual(await answeredBy(endpoint), answer(1, 3))
  }
  await platform.publish('house-price', times(6))
  await untilLive(endpoint.url, 'house-price', 6)
  assert.deepEqual(await answeredBy(endpoint), answer(6, 18))
  // Nothing but what serves, and what served before, is kept.
  await until('the others are removed', async () => (await readdir(join(platform.stateFolder, 'serving', 'packages'))).length === 2)
})

test('it starts and serves without database and object store, and follows again when they are back', async (context) => {
  const platform = await newPlatform(context)
  await platform.publish('house-price', times(1))
  const before = await startEndpoint(platform)
  await untilLive(before.url, 'house-price', 1)
  await before.stop()

  const objects = join(platform.stateFolder, 'objects')
  await platform.stopDatabase()
  await rename(objects, `${objects}.away`)
  const endpoint = await startEndpoint(platform)
  context.after(() => endpoint.stop())
  assert.equal((await send(`${endpoint.url}/ready`)).status, 200)
  assert.deepEqual(await answeredBy(endpoint), answer(1, 3))
  await until('the log says so', () => endpoint.log().includes('the database is away, what is live stays live'))

  await rename(`${objects}.away`, objects)
  await platform.startDatabase()
  await platform.publish('house-price', times(2))
  await untilLive(endpoint.url, 'house-price', 2)
  assert.deepEqual(await answeredBy(endpoint), answer(2, 6))
})

test('without anything kept and without a database it answers that it is not ready, and becomes ready by itself', async (context) => {
  const platform = await newPlatform(context)
  await platform.publish('house-price', times(1))
  await platform.stopDatabase()
  const endpoint = await startEndpoint(platform)
  context.after(() => endpoint.stop())
  assert.deepEqual([(await send(`${endpoint.url}/health`)).status, (await send(`${endpoint.url}/ready`)).status], [200, 503])
  assert.equal(failureOf(await predict(endpoint.url, 'house-price', [{ rooms: 1 }])).code, 'models-loading')
  await platform.startDatabase()
  await until('it is ready', async () => (await send(`${endpoint.url}/ready`)).status === 200)
  assert.deepEqual(await answeredBy(endpoint), answer(1, 3))
})

test('what is kept on disk is verified before it serves again, and fetched anew where it is damaged', async (context) => {
  const platform = await newPlatform(context)
  const { digest } = await platform.publish('house-price', times(1))
  const before = await startEndpoint(platform)
  await untilLive(before.url, 'house-price', 1)
  await before.stop()
  const kept = join(platform.stateFolder, 'serving', 'packages', digest, 'predictor.mjs')
  await writeFile(kept, (await readFile(kept, 'utf8')).replace('* 1', '* 9'))
  // A fetch that was killed half way leaves such a folder.
  await writeFile(join(platform.stateFolder, 'serving', 'packages', `${digest}.killed.tmp`), '')
  const endpoint = await startEndpoint(platform)
  context.after(() => endpoint.stop())
  await untilLive(endpoint.url, 'house-price', 1)
  assert.deepEqual(await readdir(join(platform.stateFolder, 'serving', 'packages')), [digest])
  assert.match(await readFile(kept, 'utf8'), /\* 1\b/)
})

test('when the database is killed meanwhile, serving goes on; when it is back, so do promotions', async (context) => {
  const platform = await newPlatform(context)
  await platform.publish('house-price', times(1))
  const endpoint = await startEndpoint(platform)
  context.after(() => endpoint.stop())
  await untilLive(endpoint.url, 'house-price', 1)
  await platform.killDatabase()
  assert.deepEqual(await answeredBy(endpoint), answer(1, 3))
  await until('the log says so', () => endpoint.log().includes('the database is away'))
  assert.deepEqual(await answeredBy(endpoint), answer(1, 3))
  await platform.startDatabase()
  await platform.publish('house-price', times(2))
  await untilLive(endpoint.url, 'house-price', 2)
  await until('the log says so', () => endpoint.log().includes('the database is back'))
})

test('it stops in good order while the database is away', async (context) => {
  const platform = await newPlatform(context)
  await platform.publish('house-price', times(1))
  const endpoint = await startEndpoint(platform)
  await untilLive(endpoint.url, 'house-price', 1)
  await platform.stopDatabase()
  await until('the log says so', () => endpoint.log().includes('the database is away'))
  await endpoint.stop()
  await assert.rejects(send(`${endpoint.url}/health`), { code: 'ECONNREFUSED' })
})
