import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { failureOf, startEndpoint, send, untilLive } from '../endpoint.js'
import { startStage, textOf, type Stage } from './stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({})
})
after(() => stage.stop())

const row = { rows: [{ x1: 3, x2: 4 }] }

test('a version is asked by its number while it is live', async () => {
  const { status, json } = await stage.post('/models/iris/versions/3/predict', row)
  assert.deepEqual({ status, json }, { status: 200, json: { model: 'iris', version: 3, predictions: [{ label: '1', probabilities: { 0: 0.25, 1: 0.75 } }] } })
})

test('a version that is not live is refused with the one that is', async () => {
  const failure = failureOf(await stage.post('/models/iris/versions/2/predict', row))
  assert.deepEqual([failure.status, failure.code], [404, 'version-not-live'])
  assert.match(failure.message, /Version 2 of model iris does not serve; version 3 does\./)
  assert.equal(failureOf(await stage.post('/models/nowhere/versions/1/predict', row)).code, 'model-not-live')
  for (const version of ['0', '-1', 'latest', '1.5', '9'.repeat(30)]) assert.equal((await stage.post(`/models/iris/versions/${version}/predict`, row)).status === 200, false, version)
})

test('where no model is set, the addresses without a name speak for none', async () => {
  const answer = await stage.post('/invocations', { instances: [[1, 2]] })
  assert.deepEqual([answer.status, textOf(answer, 'error_code')], [404, 'RESOURCE_DOES_NOT_EXIST'])
  assert.match(textOf(answer, 'message'), /house-price, iris/)
  assert.equal((await stage.get('/ping')).status, 200)
})

test('with tokens, whoever asks for predictions needs one in every protocol, and learns nothing without', async (context) => {
  const secret = 'a-secret-of-many-letters'
  const guarded = await startEndpoint(stage.platform, { tokens: `shop:viewer:${secret}`, invocations: 'iris', dialects: { size: 'sagemaker' } })
  context.after(() => guarded.stop())
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
  await untilLive(guarded.url, 'iris', 3, headers)
  const instances = JSON.stringify({ instances: [[3, 4]] })
  const tensors = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP64', data: [3, 4] }] })
  const posts: readonly (readonly [string, string])[] = [
    ['/models/iris/predict', JSON.stringify(row)],
    ['/models/iris/versions/3/predict', JSON.stringify(row)],
    ['/invocations', instances],
    ['/models/iris/invocations', instances],
    ['/endpoints/iris/invocations', instances],
    ['/v1/models/iris:predict', instances],
    ['/v2/models/iris/infer', tensors],
    ['/v2/models/iris/versions/3/infer', tensors],
  ]
  for (const [path, body] of posts) {
    assert.equal((await send(`${guarded.url}${path}`, { method: 'POST', headers, body })).status, 200, path)
    for (const unknown of [path, path.replace('iris', 'nowhere')]) {
      assert.equal((await send(`${guarded.url}${unknown}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status, 401, unknown)
      assert.equal((await send(`${guarded.url}${unknown}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'nonsense' })).status, 401, unknown)
    }
  }
  for (const path of ['/v2', '/v2/models', '/v2/models/iris', '/v2/models/iris/ready', '/v2/models/iris/versions/3', '/v2/models/iris/versions/3/ready', '/models/iris/ping']) {
    assert.equal((await send(`${guarded.url}${path}`, { headers })).status, 200, path)
    assert.equal((await send(`${guarded.url}${path}`)).status, 401, path)
  }
  for (const path of ['/ping', '/version', '/v2/health/live', '/v2/health/ready']) assert.equal((await send(`${guarded.url}${path}`)).status, 200, path)
})

test('while nothing has been loaded yet, every protocol says that it may be soon', async (context) => {
  const bare = await startEndpoint({ ...stage.platform, stateFolder: await temporaryFolder(context), databaseUrl: 'postgres://localhost:1/none' }, { invocations: 'iris' })
  context.after(() => bare.stop())
  const post = async (path: string, body: unknown): Promise<number> => (await send(`${bare.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status
  assert.equal(await post('/models/iris/predict', row), 503)
  assert.equal(await post('/invocations', { instances: [[1, 2]] }), 503)
  assert.equal(await post('/endpoints/iris/invocations', [[1, 2]]), 503)
  assert.equal(await post('/v1/models/iris:predict', { instances: [[1, 2]] }), 503)
  assert.equal(await post('/v2/models/iris/infer', { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP64', data: [1, 2] }] }), 503)
  for (const path of ['/ping', '/models/iris/ping', '/v2/health/ready', '/v2/models/iris', '/v2/models/iris/ready']) assert.equal((await send(`${bare.url}${path}`)).status, 503, path)
  for (const path of ['/v2/health/live', '/health', '/version']) assert.equal((await send(`${bare.url}${path}`)).status, 200, path)
})

test('strange hosts and pages are refused in every protocol', async () => {
  for (const path of ['/invocations', '/ping', '/version', '/v2', '/v2/models/iris/infer', '/v1/models/iris:predict', '/endpoints/iris/invocations']) {
    assert.equal((await stage.post(path, {}, { host: 'evil.example' })).status, 403, path)
    assert.equal((await stage.post(path, {}, { origin: 'http://evil.example' })).status, 403, path)
  }
})

test('no request has met a bug', () => {
  assert.doesNotMatch(stage.endpoint.log(), /met a bug/)
})

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-addresses-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
