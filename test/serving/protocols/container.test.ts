import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'
import { filesystemObjects } from '../../../src/objects/filesystem/adapter.js'
import { packageArchive } from '../../../src/packages/archive.js'
import { buildPackage } from '../../../src/packages/build.js'
import type { Signature } from '../../../src/packages/manifest.js'
import { storePackage } from '../../../src/packages/store.js'
import { until } from '../endpoint.js'
import { roomsSignature } from '../platform.js'
import { runContainer, startContainer, type Container } from './container.js'

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/models', import.meta.url))
const priceSignature: Signature = { task: 'regression', inputs: [{ name: 'area', type: 'number', optional: true }, { name: 'garden', type: 'boolean', optional: false }], target: 'price', classes: [] }
/** What scikit-learn answers about the two rows below. */
const prices = [100030.109375, 250976.28125]

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-container-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A package of an ONNX model below `folder`. */
async function packagePrices(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await copyFile(join(fixtures, 'matrix-regression.onnx'), join(folder, 'model.onnx'))
  return (await buildPackage(folder, { format: 'onnx', signature: priceSignature })).digest
}

async function packageModule(folder: string, predict: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'predictor.mjs'), `import { existsSync, writeFileSync } from 'node:fs'\nexport const load = () => ({ predict: async (rows) => { ${predict} } })`)
  await buildPackage(folder, { format: 'module', signature: roomsSignature })
}

async function atSageMaker(context: TestContext, base: string, environment: Readonly<Record<string, string>> = {}): Promise<Container> {
  const container = await startContainer((port) => ({ SAGEMAKER_BASE_DIR: base, SAGEMAKER_BIND_TO_PORT: port, ...environment }), '/ping')
  context.after(() => container.stop())
  return container
}

function assertNear(values: unknown, expected: readonly number[]): void {
  assert.ok(Array.isArray(values))
  assert.equal(values.length, expected.length)
  for (const [index, value] of expected.entries()) assert.ok(Math.abs(Number(values[index]) - value) < Math.abs(value) * 1e-4, `${String(values[index])} is not ${value}`)
}

function predictionsOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'predictions' in json ? json.predictions : undefined
}

test("SageMaker's container serves the package in its model folder, and nothing but its contract", async (context) => {
  const base = await temporaryFolder(context)
  await packagePrices(join(base, 'model'))
  const container = await atSageMaker(context, base, { SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: 'text/csv' })
  const ping = await container.get('/ping', { host: 'model.internal:8080' })
  assert.equal(ping.status, 200)
  const rows = '50,false\n120.5,true\n'
  const csv = await container.post('/invocations', rows, { 'content-type': 'text/csv' })
  assert.match(String(csv.headers['content-type']), /^text\/csv/)
  assertNear(csv.body.trimEnd().split('\n').map(Number), prices)
  const json = await container.post('/invocations', rows, { 'content-type': 'text/csv', accept: 'application/json', 'x-amzn-sagemaker-custom-attributes': 'trace=7' })
  assertNear(predictionsOf(json.json), prices)
  assert.equal(json.headers['x-amzn-sagemaker-custom-attributes'], 'trace=7')
  assert.deepEqual((await container.get('/execution-parameters')).json, { MaxConcurrentTransforms: 1, BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: 6 })
  // What SageMaker lets through is let in: up to 25 MB, also where it has no rows of the model.
  assert.equal((await container.post('/invocations', `[["${'x'.repeat(24 * 1024 * 1024)}"]]`, { 'content-type': 'application/json' })).status, 400)
  assert.equal((await container.post('/invocations', `[["${'x'.repeat(26 * 1024 * 1024)}"]]`, { 'content-type': 'application/json' })).status, 413)
  for (const path of ['/', '/models', '/models/model', '/metrics', '/health', '/ready', '/v2', '/version']) assert.equal((await container.get(path)).status, 404, path)
  for (const path of ['/models/model/predict', '/v2/models/model/infer', '/v1/models/model:predict']) assert.equal((await container.post(path, '{}', { 'content-type': 'application/json' })).status, 404, path)
  assert.equal(await container.stop(), 0)
})

test('it serves what an archive of the control server unpacks to, also from a folder within', async (context) => {
  const base = await temporaryFolder(context)
  const made = join(base, 'made')
  await packagePrices(made)
  const objects = filesystemObjects(join(base, 'objects'))
  const { digest } = await storePackage(objects, made)
  const note = { formatVersion: 1, model: 'house-price', version: 7, digest, trainedOn: { kind: 'unknown' } }
  const archive = await packageArchive(objects, digest, { 'refit-origin.json': JSON.stringify(note) })
  await writeFile(join(base, 'model.tar.gz'), archive.pipe(createGzip()))
  const unpacked = join(base, 'model', 'house-price-7')
  await mkdir(unpacked, { recursive: true })
  assert.equal(spawnSync('tar', ['-xzf', join(base, 'model.tar.gz'), '-C', unpacked]).status, 0)
  const container = await atSageMaker(context, base)
  assertNear(predictionsOf((await container.post('/invocations', '[[50, false], [120.5, true]]', { 'content-type': 'application/json' })).json), prices)
  assert.equal(await container.stop(), 0)
  await writeFile(join(unpacked, 'refit-origin.json'), JSON.stringify({ ...note, digest: '0'.repeat(64) }))
  assert.match((await runContainer({ SAGEMAKER_BASE_DIR: base }, ['--port', '0'])).errors, /The model package is damaged: its manifest is another one/)
})

test("Vertex AI's container is asked on the routes that the platform names", async (context) => {
  const folder = await temporaryFolder(context)
  await packagePrices(folder)
  const routes = { AIP_HEALTH_ROUTE: '/v1/endpoints/12/deployedModels/34', AIP_PREDICT_ROUTE: '/v1/endpoints/12/deployedModels/34:predict' }
  const container = await startContainer((port) => ({ AIP_HTTP_PORT: port, AIP_STORAGE_URI: folder, AIP_MODE: 'PREDICTION', ...routes }), routes.AIP_HEALTH_ROUTE)
  context.after(() => container.stop())
  const asked = await container.post(routes.AIP_PREDICT_ROUTE, JSON.stringify({ instances: [{ area: 50, garden: false }, [120.5, true]], parameters: { t: 0.5 } }), { 'content-type': 'application/json' })
  assert.equal(asked.status, 200)
  assertNear(predictionsOf(asked.json), prices)
  const refused = await container.post(routes.AIP_PREDICT_ROUTE, '{"instances": [{"area": "50", "garden": false}]}', { 'content-type': 'application/json' })
  assert.equal(refused.status, 400)
  assert.match(refused.body, /^\{"error":"The rows of the request do not fit the model/)
  for (const path of ['/ping', '/v1/endpoints/12/deployedModels/35', '/models']) assert.equal((await container.get(path)).status, 404, path)
  assert.equal((await container.post('/v1/endpoints/12/deployedModels/35:predict', '{"instances": [[1, true]]}', { 'content-type': 'application/json' })).status, 404)
  assert.equal(await container.stop(), 0)
})

test('without names from Vertex AI its own routes hold, for whatever endpoint', async (context) => {
  const folder = await temporaryFolder(context)
  await packagePrices(folder)
  const container = await startContainer((port) => ({ AIP_HTTP_PORT: port, AIP_STORAGE_URI: `file://${folder}` }), '/v1/endpoints/1/deployedModels/2')
  context.after(() => container.stop())
  const { json } = await container.post('/v1/endpoints/1/deployedModels/2:predict', '{"instances": [[50, false], [120.5, true]]}', { 'content-type': 'application/json' })
  assertNear(predictionsOf(json), prices)
})

test('what is under way when it is told to end is answered, and then it ends', async (context) => {
  const base = await temporaryFolder(context)
  const [begun, goOn] = [join(base, 'begun'), join(base, 'go-on')]
  await packageModule(
    join(base, 'model'),
    `if (rows[0].rooms === 99) { writeFileSync(${JSON.stringify(begun)}, ''); while (!existsSync(${JSON.stringify(goOn)})) await new Promise((resolve) => setTimeout(resolve, 10)) } return rows.map(({ rooms }) => rooms)`,
  )
  const container = await atSageMaker(context, base)
  const answer = container.post('/invocations', '99,,', { 'content-type': 'text/csv' })
  await until('the model predicts', () => existsSync(begun))
  const ended = container.stop()
  await until('it takes no more', async () => container.get('/ping').then(({ status }) => status !== 200, () => true))
  await writeFile(goOn, '')
  const { status, json } = await answer
  assert.deepEqual([status, json, await ended], [200, { predictions: [99] }, 0])
})

test('its zone is that of training and check, whatever the machine says', async (context) => {
  const base = await temporaryFolder(context)
  await packageModule(join(base, 'model'), 'return rows.map(() => new Date(2026, 0, 1).getTimezoneOffset())')
  const container = await atSageMaker(context, base, { TZ: 'America/New_York', LC_ALL: 'de_DE.UTF-8' })
  assert.deepEqual((await container.post('/invocations', '1,,', { 'content-type': 'text/csv' })).json, { predictions: [0] })
})

test('what keeps it from serving is told without a stack, and ends it', async (context) => {
  const base = await temporaryFolder(context)
  const model = join(base, 'model')
  const anyPort = ['--port', '0']
  const refusals: (readonly [Readonly<Record<string, string>>, readonly string[], RegExp])[] = [
    [{ SAGEMAKER_BASE_DIR: join(base, 'nowhere') }, anyPort, /There is no model package in .*nowhere\/model/],
    [{ SAGEMAKER_BIND_TO_PORT: 'eighty' }, [], /SAGEMAKER_BIND_TO_PORT cannot be used: "eighty" is no port/],
    [{ AIP_HTTP_PORT: '70000' }, [], /AIP_HTTP_PORT cannot be used: "70000" is no port/],
    [{ AIP_STORAGE_URI: 'gs://bucket/model' }, anyPort, /AIP_STORAGE_URI cannot be used: "gs:\/\/bucket\/model" is no folder of this machine/],
    [{ AIP_PREDICT_ROUTE: 'predict?x' }, anyPort, /AIP_PREDICT_ROUTE cannot be used/],
  ]
  for (const [environment, flags, message] of refusals) await requireRefusal(environment, flags, message)
  await mkdir(model)
  await requireRefusal({ SAGEMAKER_BASE_DIR: base }, anyPort, /it has no refit\.json/)
  await packagePrices(model)
  await appendFile(join(model, 'model.onnx'), 'x')
  await requireRefusal({ SAGEMAKER_BASE_DIR: base }, anyPort, /The model package is damaged: its file model\.onnx is \d+ bytes long/)
  await rename(join(model, 'model.onnx'), join(model, 'other.onnx'))
  await requireRefusal({ SAGEMAKER_BASE_DIR: base }, anyPort, /its file model\.onnx is missing/)
  await rm(model, { recursive: true })
  await packageModule(model, 'throw new Error("no model at all")')
  await requireRefusal({ SAGEMAKER_BASE_DIR: base }, anyPort, /no model at all/)
  assert.deepEqual(await readdir(base), ['model'])
  assert.ok((await readFile(join(model, 'refit.json'), 'utf8')).length > 0)
})

async function requireRefusal(environment: Readonly<Record<string, string>>, flags: readonly string[], message: RegExp): Promise<void> {
  const { code, errors } = await runContainer(environment, flags)
  assert.equal(code, 1, errors)
  assert.match(errors, message)
  assert.doesNotMatch(errors, /^ +at /m)
}
