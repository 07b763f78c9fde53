import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { systemClock } from '../../src/clock.js'
import { predictionKey } from '../../src/prediction-log/key.js'
import { createPredictionIds } from '../../src/predictions/prediction-id.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion } from '../../src/registry/promotion.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { startApi, type RunningApi } from './running-api.js'

const facts = { model: 'house-price', version: 1, generation: 1, side: 'champion', at: new Date('2026-11-28T20:00:00.000Z'), rows: 3 } as const
const signature = { task: 'regression', inputs: [{ name: 'rooms', type: 'number', optional: false }], target: 'price', classes: [] }
const lineage = { formatVersion: 1, run: '', snapshot: '', drops: [], definitionHash: '', codeHash: '', environment: { refit: '0.1.0', node: process.version, platform: process.platform }, seed: 1, split: {} }

let api: RunningApi
let ids: ReturnType<typeof createPredictionIds>
before(async () => {
  api = await startApi()
  const { database } = api
  ids = createPredictionIds(Buffer.from(await predictionKey(database), 'hex'))
  const row = { model: 'house-price', number: 1, run: null, digest: 'a'.repeat(64), format: 'module', state: 'passed', signature: JSON.stringify(signature), verdict: null, lineage: JSON.stringify(lineage), created_at: new Date() } as const
  await database.insertInto('versions').values(row).execute()
  await forcePromotion(database, systemClock, { model: 'house-price', version: 1, actor: 'somebody', reason: 'a test' })
})
after(() => api.stop())

interface Said {
  readonly status: number
  readonly json: unknown
}

async function ask(path: string, body?: string, type = 'application/json'): Promise<Said> {
  const answer = await fetch(`${api.url}/api/v1${path}`, { ...(body === undefined ? {} : { method: 'POST', body, headers: { 'Content-Type': type } }), signal: AbortSignal.timeout(30_000) })
  return { status: answer.status, json: await answer.json() }
}

function tell(feedback: unknown, type?: string): Promise<Said> {
  return ask('/models/house-price/feedback', typeof feedback === 'string' ? feedback : JSON.stringify(feedback), type)
}

const Refusal = Type.Object({ code: Type.String(), faults: Type.Optional(Type.Array(Type.Object({ path: Type.String() }))) })

function refusalOf({ status, json }: Said): { readonly status: number; readonly code: string; readonly paths: readonly string[] } {
  const { code, faults = [] } = Value.Parse(Refusal, json)
  return { status, code, paths: faults.map(({ path }) => path) }
}

async function kept(): Promise<readonly string[]> {
  const rows = await api.database.selectFrom('prediction_feedback').selectAll().orderBy('kind').orderBy('subject').orderBy('row').execute()
  return rows.map(({ kind, subject, row, truth }) => `${kind === 'key' ? subject : 'id'} ${row} ${truth}`)
}

test('an id that is in no log tells version, verdict and lineage of what has answered, and how that became champion', async () => {
  const { id } = ids(facts, 0)
  const { status, json } = await ask(`/predictions/${id}`)
  const Told = Type.Object({ id: Type.String(), model: Type.String(), at: Type.String(), rows: Type.Integer(), side: Type.String(), logged: Type.Boolean(), version: Type.Object({ number: Type.Integer(), digest: Type.String(), lineage: Type.Object({ seed: Type.Integer() }) }), move: Type.Object({ generation: Type.Integer(), actor: Type.String() }) })
  const told = Value.Parse(Told, json)
  assert.equal(status, 200)
  assert.deepEqual([told.id, told.model, told.at, told.rows, told.side, told.logged], [id, 'house-price', '2026-11-28T20:00:00.000Z', 3, 'champion', false])
  assert.deepEqual([told.version.number, told.version.digest, told.version.lineage.seed, told.move.generation, told.move.actor], [1, 'a'.repeat(64), 1, 1, 'somebody'])
})

test('an id that nobody has given out is unknown', async () => {
  const { id } = ids(facts, 0)
  for (const other of ['x', `B${id.slice(1)}`, createPredictionIds(Buffer.alloc(32))(facts, 1).id]) assert.deepEqual(refusalOf(await ask(`/predictions/${other}`)), { status: 404, code: 'prediction-unknown', paths: [] })
})

test('truth comes one by one, in a list or in lines; what comes again changes nothing, and another truth takes its place', async () => {
  const { id } = ids(facts, 1)
  const taken = { status: 200, json: { taken: 1, notLogged: 0 } }
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual(await tell({ prediction: id, truth: 7 }), taken)
    assert.deepEqual(await tell({ feedback: [{ prediction: id, row: 2, truth: 8 }, { prediction: ids(facts, 0).id, truth: 1 }] }), { status: 200, json: { taken: 1, notLogged: 1 } })
    const lines = Array.from({ length: 3 }, (_, index) => JSON.stringify({ key: `house ${index}`, truth: index }))
    assert.deepEqual(await tell(`${lines.join('\n')}\n`, 'application/x-ndjson'), { status: 200, json: { taken: 3, notLogged: 0 } })
    assert.deepEqual(await kept(), ['house 0 0 0', 'house 1 0 1', 'house 2 0 2', 'id 0 7', 'id 2 8'])
  }
  assert.deepEqual(await tell({ key: 'house 1', truth: 1.5 }), taken)
  assert.deepEqual(await kept(), ['house 0 0 0', 'house 1 0 1.5', 'house 2 0 2', 'id 0 7', 'id 2 8'])
})

test('where one entry cannot be kept, none is', async () => {
  const before = await kept()
  const refused = await tell({ feedback: [{ key: 'another', truth: 1 }, { key: 'house 1', truth: 'text' }, { prediction: ids({ ...facts, rows: 1 }, 1).id, row: 1, truth: 1 }] })
  assert.deepEqual(refusalOf(refused), { status: 422, code: 'feedback-invalid', paths: ['feedback[1].truth', 'feedback[2].row'] })
  for (const [body, type] of [
    ['{"key":"a","truth":1}\nnothing\n', 'application/x-ndjson'],
    ['\n', 'application/x-ndjson'],
    ['{"feedback":[]}', 'application/json'],
    ['[]\n'.repeat(10_001), 'application/x-ndjson'],
    ['['.repeat(100_000), 'application/x-ndjson'],
  ] as const) {
    assert.deepEqual(refusalOf(await tell(body, type)), { status: 400, code: 'request-invalid', paths: [] }, body.slice(0, 30))
  }
  assert.deepEqual(await kept(), before)
})

test('many who tell the same at the same time are all answered, and it is kept once', async () => {
  const feedback = Array.from({ length: 500 }, (_, index) => ({ key: `many ${index}`, truth: index }))
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => tell({ feedback: index % 2 === 0 ? feedback : feedback.toReversed() })))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal((await kept()).filter((line) => line.startsWith('many ')).length, 500)
})

test('a log in which nothing is has no rows', async () => {
  assert.deepEqual(await ask('/models/house-price/predictions'), { status: 200, json: { rows: [] } })
  assert.deepEqual(refusalOf(await ask('/models/house-price/predictions?before=nonsense')), { status: 400, code: 'request-invalid', paths: [] })
})

test('a model that logs nothing takes no truth', async () => {
  await registerModels(api.database, systemClock, projectOf(modelNamed('house-price', { predictionLog: 'off' }), modelNamed('price-direction')), 'test')
  assert.deepEqual(refusalOf(await tell({ key: 'a', truth: 1 })), { status: 409, code: 'prediction-log-off', paths: [] })
})
