import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { systemClock } from '../../src/clock.js'
import { tokenOf } from '../../src/http/access.js'
import type { DeclaredRoute } from '../../src/http/server.js'
import { openTrainingRun, type TrainingRun } from '../../src/tracking/training-runs.js'
import { createTrainingTokens, type TrainingLoan } from '../../src/tracking/training-tokens.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { ask, askAsWritten, type Answer } from './running-mlflow.js'
import { startMlflowRoutes } from './running-routes.js'

const OPERATOR = 'operator-secret-0123456789'
const api = '/api/2.0/mlflow'
const files = '/api/2.0/mlflow-artifacts/artifacts'

/** A training that is under way, with its own run, and what it has made. */
interface Started {
  readonly opened: TrainingRun
  readonly loan: TrainingLoan
}

let database: RunningDatabase
let url: string
let routes: readonly DeclaredRoute[]
let stop: () => Promise<void>
let price: Started
let risk: Started
const tokens = createTrainingTokens()

before(async () => {
  database = await startDatabase()
  ;({ url, routes, stop } = await startMlflowRoutes(database.database, { tokens: [tokenOf('ops', 'operator', OPERATOR)], trainings: tokens }))
  price = await started('price', 'price-1')
  risk = await started('risk', 'risk-1')
})
after(async () => {
  await stop()
  await database.stop()
})

async function started(model: string, run: string): Promise<Started> {
  const training = { model, run, stage: 'train' }
  const opened = await openTrainingRun(database.database, systemClock, training)
  return { opened, loan: tokens.lend({ ...training, actor: `training:${run}/train/1` }, opened) }
}

function asked({ loan }: Started, method: string, path: string, body?: unknown): Promise<Answer> {
  return ask(url, method, path, body, { Authorization: `Bearer ${loan.secret}` })
}

function byOperator(method: string, path: string, body?: unknown): Promise<Answer> {
  return ask(url, method, path, body, { Authorization: `Bearer ${OPERATOR}` })
}

const Made = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) })
const Logged = Type.Object({ model: Type.Object({ info: Type.Object({ model_id: Type.String() }) }) })

async function loggedModel(training: Started): Promise<string> {
  const { opened } = training
  const made = await asked(training, 'POST', `${api}/logged-models`, { experiment_id: opened.experiment, name: 'line', source_run_id: opened.id })
  return Value.Parse(Logged, made.body).model.info.model_id
}

test('the token of a training logs to its own run, to runs that it begins and to models that it logs', async () => {
  const { opened } = price
  const expect = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await asked(price, method, path, body)
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`)
    return answer
  }
  await expect('GET', '/api/3.0/mlflow/server-info')
  const child = Value.Parse(Made, (await expect('POST', `${api}/runs/create`, { experiment_id: opened.experiment })).body).run.info.run_id
  for (const run of [opened.id, child]) {
    await expect('POST', `${api}/runs/log-batch`, { run_id: run, params: [{ key: 'depth', value: '3' }], metrics: [{ key: 'loss', value: 1, timestamp: 1 }] })
    await expect('POST', `${api}/runs/set-tag`, { run_uuid: run, key: 'team', value: 'red' })
    await expect('GET', `${api}/runs/get?run_id=${run}`)
    await expect('PUT', `${files}/${opened.experiment}/${run}/artifacts/notes.txt`, 'well')
    await expect('GET', `${files}/${opened.experiment}/${run}/artifacts/notes.txt`)
  }
  await expect('POST', `${api}/runs/search`, { experiment_ids: [opened.experiment] })
  const model = await loggedModel(price)
  await expect('PUT', `${files}/${opened.experiment}/models/${model}/artifacts/MLmodel`, 'flavors: {}')
  await expect('POST', `${api}/runs/log-metric`, { run_id: opened.id, key: 'loss', value: 2, timestamp: 2, model_id: model })
  await expect('PATCH', `${api}/logged-models/${model}`, { status: 'LOGGED_MODEL_READY' })
  for (const path of [`${api}/experiments/get-by-name?experiment_name=any-other`, `${api}/experiments/get?experiment_id=${opened.experiment}`]) {
    assert.match((await expect('GET', path)).text, /"name":"price"/, 'whatever experiment it names is its own')
  }
  assert.deepEqual((await expect('POST', `${api}/experiments/create`, { name: 'any-other' })).body, { experiment_id: opened.experiment })
})

test('what it has logged it may register under a name of its own, and nothing else', async () => {
  const model = await loggedModel(price)
  const version = (name: string, more: object = {}): object => ({ name, source: `models:/${model}`, model_id: model, run_id: price.opened.id, ...more })
  assert.equal((await asked(price, 'POST', `${api}/registered-models/create`, { name: 'price-line' })).status, 200)
  assert.equal((await asked(price, 'POST', `${api}/model-versions/create`, version('price-line'))).status, 200)
  assert.equal((await byOperator('POST', `${api}/registered-models/create`, { name: 'of-a-person' })).status, 200)
  const theirs = await loggedModel(risk)
  for (const [who, body] of [
    [price, version('of-a-person')],
    [risk, { name: 'price-line', source: `models:/${theirs}`, model_id: theirs }],
    [price, version('price-line', { model_id: theirs })],
    [price, version('price-line', { source: `models:/${theirs}`, model_id: '' })],
    [price, version('price-line', { run_id: risk.opened.id })],
    [price, version('price-line', { source: 'models:/price-line/1', model_id: '' })],
    [price, version('price-line', { source: 's3://elsewhere/model' })],
    [price, version('price-line', { source: 'mlflow-artifacts:/refit-models/risk/1' })],
  ] as const) {
    const answer = await asked(who, 'POST', `${api}/model-versions/create`, body)
    assert.deepEqual([answer.status, answer.text.includes('PERMISSION_DENIED')], [403, true], `${JSON.stringify(body)}: ${answer.text}`)
  }
  for (const alias of ['champion', 'any']) assert.equal((await asked(price, 'POST', `${api}/registered-models/alias`, { name: 'price-line', alias, version: '1' })).status, 403)
})

test('the runs, models, files and metrics of another training are out of its reach', async () => {
  const { opened: own } = price
  const { opened: other } = risk
  const theirs = await loggedModel(risk)
  const mine = await loggedModel(price)
  await asked(risk, 'PUT', `${files}/${other.experiment}/${other.id}/artifacts/secret.txt`, 'theirs')
  const before = (await byOperator('GET', `${api}/runs/get?run_id=${other.id}`)).text
  const attempts: readonly (readonly [string, string, unknown?])[] = [
    ...['log-batch', 'set-tag', 'delete-tag', 'update', 'log-parameter', 'log-inputs', 'outputs'].flatMap((call) => [
      ['POST', `${api}/runs/${call}`, { run_id: other.id, key: 'k', value: 'v', status: 'FAILED' }] as const,
      ['POST', `${api}/runs/${call}`, { run_uuid: other.id, key: 'k', value: 'v', status: 'FAILED' }] as const,
      ['POST', `${api}/runs/${call}`, { run_id: other.id, run_uuid: own.id, key: 'k', value: 'v' }] as const,
      ['POST', `${api}/runs/${call}`, JSON.stringify(JSON.stringify({ run_id: other.id, key: 'k', value: 'v' }))] as const,
    ]),
    ['POST', `${api}/runs/log-metric`, { run_id: other.id, key: 'k', value: 1, timestamp: 1 }],
    ['POST', `${api}/runs/log-metric`, { run_id: own.id, key: 'k', value: 1, timestamp: 1, model_id: theirs }],
    ['POST', `${api}/runs/log-batch`, { run_id: own.id, metrics: [{ key: 'k', value: 1, timestamp: 1, model_id: mine }, { key: 'k', value: 1, timestamp: 1, model_id: theirs }] }],
    ['POST', `${api}/runs/log-model`, { run_id: other.id, model_json: '{}' }],
    ['POST', `${api}/runs/create`, { experiment_id: other.experiment }],
    ['POST', `${api}/runs/create`, {}],
    ['POST', `${api}/runs/delete`, { run_id: own.id }],
    ['POST', `${api}/logged-models`, { experiment_id: other.experiment, name: 'line' }],
    ['POST', `${api}/logged-models`, { experiment_id: own.experiment, name: 'line', source_run_id: other.id }],
    ['PATCH', `${api}/logged-models/${theirs}`, { status: 'LOGGED_MODEL_READY' }],
    ['PATCH', `${api}/logged-models/${theirs}/tags`, { tags: [{ key: 'k', value: 'v' }] }],
    // What stands in the path counts, whatever the body says.
    ['PATCH', `${api}/logged-models/${theirs}/tags`, { model_id: mine, tags: [{ key: 'k', value: 'v' }] }],
    ['DELETE', `${api}/logged-models/${theirs}`],
    ['POST', `${api}/logged-models/${theirs}/params`, { params: [] }],
    ['GET', `${api}/logged-models/${theirs}`],
    ['GET', `${api}/logged-models/${theirs}/artifacts/directories`],
    ['GET', `${api}/runs/get?run_id=${other.id}`],
    ['GET', `${api}/metrics/get-history?run_id=${other.id}&metric_key=k`],
    ['GET', `${api}/metrics/get-history-bulk?run_id=${own.id}&run_id=${other.id}&metric_key=k`],
    ['GET', `${api}/metrics/get-history-bulk-interval?run_ids=${own.id}&run_ids=${other.id}&metric_key=k`],
    ['GET', `${api}/artifacts/list?run_id=${other.id}`],
    ['GET', `${api}/experiments/get?experiment_id=${other.experiment}`],
    ['POST', `${api}/runs/search`, { experiment_ids: [own.experiment, other.experiment] }],
    ['POST', `${api}/runs/search`, {}],
    ['POST', `${api}/logged-models/search`, { experiment_ids: [other.experiment] }],
    ['POST', `${api}/experiments/set-experiment-tag`, { experiment_id: other.experiment, key: 'k', value: 'v' }],
    ['POST', `${api}/experiments/delete`, { experiment_id: own.experiment }],
    ['GET', `${files}/${other.experiment}/${other.id}/artifacts/secret.txt`],
    ['PUT', `${files}/${other.experiment}/${other.id}/artifacts/secret.txt`, 'mine'],
    ['DELETE', `${files}/${other.experiment}/${other.id}/artifacts/secret.txt`],
    ['DELETE', `${files}/${own.experiment}`],
    ['DELETE', `${files}/${own.experiment}/${own.id}/artifacts`],
    ['PUT', `${files}/${own.experiment}/another-run/artifacts/x`, 'mine'],
    ['PUT', `${files}/${own.experiment}/${own.id}/artifacts-beside/x`, 'mine'],
    ['GET', `${files}?path=${other.experiment}/${other.id}/artifacts`],
    ['GET', files],
    ['GET', `${files}/refit-models/risk/1/MLmodel`],
  ]
  const wrong: string[] = []
  for (const [method, path, body] of attempts) {
    const answer = await asked(price, method, path, body)
    if (answer.status !== 403 || !answer.text.includes('PERMISSION_DENIED')) wrong.push(`${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${answer.text.slice(0, 150)}`)
  }
  assert.deepEqual(wrong, [])
  assert.equal((await byOperator('GET', `${api}/runs/get?run_id=${other.id}`)).text, before, 'nothing of it has changed')
})

test('every other route refuses it, and once its training has ended every route with a role does', async () => {
  const taken = routes.filter(({ lent }) => lent)
  assert.ok(taken.length > 40 && taken.length < routes.length, `${taken.length} of ${routes.length}`)
  const ended = await started('ended', 'ended-1')
  ended.loan.takeBack()
  const wrong: string[] = []
  for (const { method, url: route, role, lent } of routes) {
    if (role === undefined) continue
    const path = route.replaceAll(/:\w+/g, 'nobody').replaceAll('*', 'nobody')
    const statusOf = async ({ loan }: Started): Promise<number> => (await askAsWritten(url, method, path, { Authorization: `Bearer ${loan.secret}` })).status
    if (!lent && (await statusOf(price)) !== 403) wrong.push(`${method} ${route} takes it`)
    if ((await statusOf(ended)) !== 401) wrong.push(`${method} ${route} takes one that was taken back`)
  }
  assert.deepEqual(wrong, [])
})

test('where nobody else needs a token, it is no more than it is, and of no use once it was taken back', async (t) => {
  const lent = createTrainingTokens()
  const server = await startMlflowRoutes(database.database, { trainings: lent })
  t.after(() => server.stop())
  const address = server.url
  const loan = lent.lend({ model: 'price', run: 'price-2', stage: 'train', actor: 'training:price-2/train/1' }, price.opened)
  const basic = `Basic ${Buffer.from(`anybody:${loan.secret}`).toString('base64')}`
  for (const Authorization of [`Bearer ${loan.secret}`, basic]) {
    const search = await ask(address, 'GET', `${api}/experiments/search?max_results=10`, undefined, { Authorization })
    assert.deepEqual([search.status, search.text.includes('PERMISSION_DENIED')], [403, true])
  }
  loan.takeBack()
  for (const Authorization of [`Bearer ${loan.secret}`, basic]) assert.equal((await ask(address, 'GET', `${api}/runs/get?run_id=${price.opened.id}`, undefined, { Authorization })).status, 401)
})

test('a training that begins anew finds its run empty, and what the former attempt has begun deleted', async () => {
  const first = await started('again', 'again-1')
  const { opened } = first
  await asked(first, 'POST', `${api}/runs/log-batch`, { run_id: opened.id, params: [{ key: 'folder', value: 'attempt-1' }], metrics: [{ key: 'loss', value: 1, timestamp: 1 }], tags: [{ key: 'team', value: 'red' }] })
  await asked(first, 'PUT', `${files}/${opened.experiment}/${opened.id}/artifacts/notes/a.txt`, 'a')
  const child = Value.Parse(Made, (await asked(first, 'POST', `${api}/runs/create`, { experiment_id: opened.experiment })).body).run.info.run_id
  const model = await loggedModel(first)
  first.loan.takeBack()

  const second = await started('again', 'again-1')
  assert.deepEqual(second.opened, opened)
  const text = (await asked(second, 'GET', `${api}/runs/get?run_id=${opened.id}`)).text
  assert.doesNotMatch(text, /attempt-1|loss|team/)
  assert.match(text, /"status":"RUNNING"/)
  assert.deepEqual((await asked(second, 'GET', `${api}/metrics/get-history?run_id=${opened.id}&metric_key=loss`)).body, {})
  assert.doesNotMatch((await asked(second, 'GET', `${api}/artifacts/list?run_id=${opened.id}`)).text, /notes/)
  assert.match((await asked(second, 'GET', `${api}/runs/get?run_id=${child}`)).text, /"lifecycle_stage":"deleted"/)
  assert.equal((await asked(second, 'GET', `${api}/logged-models/${model}?allow_deleted=false`)).status, 404)
  assert.equal((await asked(second, 'POST', `${api}/runs/log-parameter`, { run_id: opened.id, key: 'folder', value: 'attempt-2' })).status, 200)
  assert.equal((await asked(second, 'POST', `${api}/runs/set-tag`, { run_id: child, key: 'k', value: 'v' })).status, 403, 'what the former attempt has begun is not its own')
})
