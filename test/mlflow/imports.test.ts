import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { ask, startRefitMlflow, type Answer, type RunningMlflow } from './running-mlflow.js'

const api = '/api/2.0/mlflow'
const there = 'https://mlflow.example'
const Imported = Type.Object({ state: Type.String(), artifact_uri: Type.String() })

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

const post = (path: string, body: object): Promise<Answer> => ask(server.url, 'POST', `${api}${path}`, body)
const get = async (path: string): Promise<string> => (await ask(server.url, 'GET', `${api}${path}`)).text

/** A run of the other server. */
function run(id: string, more: object = {}): object {
  return { server: there, digest: 'one', experiment_name: 'theirs', run_id: id, run_name: 'first', user_id: 'ann', status: 'FINISHED', start_time: 5, end_time: 9, ...more }
}

async function importRun(body: object): Promise<Static<typeof Imported>> {
  return Value.Parse(Imported, (await post('/refit/imports/runs', body)).body)
}

test('a run is made under its id in the experiment of that name, is written to until it is finished, and then is known', async () => {
  const id = 'a'.repeat(32)
  const { state, artifact_uri } = await importRun(run(id))
  assert.equal(state, 'open')
  assert.match(artifact_uri, new RegExp(`^mlflow-artifacts:/\\d+/${id}/artifacts$`))
  assert.equal((await importRun(run(id))).state, 'open', 'it was interrupted')
  assert.equal((await post('/runs/log-batch', { run_id: id, params: [{ key: 'p', value: '1' }] })).status, 200)
  assert.equal((await post('/refit/imports/runs/finish', { server: there, digest: 'one', run_id: id, deleted: true })).status, 200)
  assert.equal((await importRun(run(id))).state, 'complete')
  const told = await get(`/runs/get?run_id=${id}`)
  for (const part of ['"user_id":"ann"', '"start_time":5', '"end_time":9', '"lifecycle_stage":"deleted"', '"status":"FINISHED"', '"key":"p"', '"value":"https://mlflow.example"']) assert.ok(told.includes(part), `${part} of ${told}`)

  assert.equal((await importRun(run(id, { digest: 'another', run_name: 'renamed' }))).state, 'changed')
  assert.match(await get(`/runs/get?run_id=${id}`), /"run_name":"renamed".*"lifecycle_stage":"active"/)
  assert.match(await get('/experiments/get-by-name?experiment_name=theirs'), /"lifecycle_stage":"active"/)
})

test('what was still being written, or is another than an interrupted import has begun, may have other files', async () => {
  const id = 'f'.repeat(32)
  const writing = run(id, { digest: undefined, status: 'RUNNING' })
  assert.deepEqual([(await importRun(writing)).state, (await importRun(writing)).state, (await importRun(run(id))).state], ['open', 'changed', 'changed'])
  const other = '1'.repeat(32)
  assert.deepEqual([(await importRun(run(other))).state, (await importRun(run(other))).state, (await importRun(run(other, { digest: 'another' }))).state], ['open', 'open', 'changed'])

  const model = { server: there, experiment_name: 'theirs', model_id: `m-${id}`, name: 'line', status: 'LOGGED_MODEL_PENDING' }
  for (const [sent, state] of [[model, 'open'], [model, 'changed'], [{ ...model, digest: 'one', status: 'LOGGED_MODEL_READY' }, 'changed']] as const) assert.equal(Value.Parse(Imported, (await post('/refit/imports/logged-models', sent)).body).state, state)
})

test('what has the id already and came otherwise is left alone', async () => {
  const id = 'b'.repeat(32)
  await importRun(run(id))
  assert.equal((await importRun(run(id, { server: 'https://other.example' }))).state, 'other')
  assert.match((await post('/refit/imports/runs/finish', { server: 'https://other.example', run_id: id, deleted: true })).text, /RESOURCE_DOES_NOT_EXIST/)
  assert.match(await get(`/runs/get?run_id=${id}`), /"lifecycle_stage":"active"/)
})

test('ids that are none, and places of files on a disk or in this store, are refused', async () => {
  for (const body of [run('x'), run('A'.repeat(32)), run('../a'), ...['/tmp/x', 'file:///tmp/x', 'c:/x', 's3://b/../x', 'mlflow-artifacts:/0/x'].map((artifact_uri) => run('c'.repeat(32), { artifact_uri }))]) {
    const { status, text } = await post('/refit/imports/runs', body)
    assert.equal(status, 400, JSON.stringify(body))
    assert.match(text, /INVALID_PARAMETER_VALUE/)
  }
  assert.equal((await importRun(run('c'.repeat(32), { artifact_uri: 's3://bucket/x' }))).artifact_uri, 's3://bucket/x')
})

test('a logged model comes whole, and is known when it is finished', async () => {
  const id = `m-${'d'.repeat(32)}`
  const model = { server: there, digest: 'one', experiment_name: 'theirs', model_id: id, name: 'line', status: 'LOGGED_MODEL_READY', creation_timestamp_ms: 7, params: [{ key: 'p', value: '1' }], tags: [{ key: 't', value: '2' }], metrics: [{ key: 'mae', value: 'NaN', timestamp: 3, run_id: 'a'.repeat(32) }] }
  for (const state of ['open', 'open']) assert.equal(Value.Parse(Imported, (await post('/refit/imports/logged-models', model)).body).state, state)
  assert.equal((await post('/refit/imports/logged-models/finish', { server: there, digest: 'one', model_id: id })).status, 200)
  assert.equal(Value.Parse(Imported, (await post('/refit/imports/logged-models', model)).body).state, 'complete')
  const told = await get(`/logged-models/${id}`)
  for (const part of ['"creation_timestamp_ms":7', '"key":"p"', '"key":"t"', '"value":"NaN"']) assert.equal(told.split(part).length, 2, `${part} of ${told}`)
})

test('versions keep their numbers, are made once, and those that are made here are counted on from them', async () => {
  const model = { server: there, name: 'their model', wanted_name: 'their model', description: 'd', creation_timestamp: 4, tags: [{ key: 'k', value: 'v' }] }
  const Model = Type.Object({ name: Type.String(), is_new: Type.Boolean(), of_lifecycle: Type.Boolean() })
  for (const is_new of [true, false]) assert.deepEqual(Value.Parse(Model, (await post('/refit/imports/registered-models', model)).body), { name: 'their model', is_new, of_lifecycle: false })
  await post('/registered-models/rename', { name: 'their model', new_name: 'our name' })
  assert.deepEqual(Value.Parse(Model, (await post('/refit/imports/registered-models', model)).body), { name: 'our name', is_new: false, of_lifecycle: false })

  const version = { server: there, name: 'our name', version: '7', current_stage: 'Production', creation_timestamp: 5, source: 's3://bucket/x', location: 's3://bucket/x', run_id: 'a'.repeat(32), tags: [{ key: 'k', value: 'v' }] }
  for (const state of ['made', 'present']) assert.deepEqual((await post('/refit/imports/model-versions', version)).body, { state })
  assert.match(await get('/model-versions/get?name=our%20name&version=7'), /"current_stage":"Production".*"source":"s3:\/\/bucket\/x"/)
  assert.match((await post('/model-versions/create', { name: 'our name', source: 's3://bucket/y' })).text, /"version":"8"/)
  assert.deepEqual((await post('/refit/imports/model-versions', { ...version, version: '8' })).body, { state: 'other' })
  assert.equal((await post('/refit/imports/model-versions', { ...version, version: '9', location: '/tmp/x' })).status, 400)

  await post('/registered-models/create', { name: 'made here' })
  assert.match((await post('/refit/imports/model-versions', { ...version, name: 'made here' })).text, /was not brought from/)
  const taken = await post('/refit/imports/registered-models', { ...model, name: 'another', wanted_name: 'made here' })
  assert.deepEqual(taken.body, { is_new: false, of_lifecycle: false })
})

test('of several imports at once each run and model is made once', async () => {
  const id = 'e'.repeat(32)
  const states = await Promise.all(Array.from({ length: 8 }, async () => (await importRun(run(id))).state))
  assert.deepEqual(states, Array.from({ length: 8 }, () => 'open'))
  const names = await Promise.all(Array.from({ length: 8 }, async () => (await post('/refit/imports/registered-models', { server: there, name: 'raced', wanted_name: 'raced' })).text))
  assert.equal(names.filter((text) => text.includes('"is_new":true')).length, 1)
  assert.ok(names.every((text) => text.includes('"name":"raced"')), names.join())
})
