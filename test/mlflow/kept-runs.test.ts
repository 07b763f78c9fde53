import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { systemClock } from '../../src/clock.js'
import { migrate } from '../../src/database/migrate.js'
import { registerModels } from '../../src/registry/models.js'
import { requestRun } from '../../src/runs/requests.js'
import { endTrainingRun, openTrainingRun, type TrainingRun } from '../../src/tracking/training-runs.js'
import { createTrainingTokens, type TrainingLoan } from '../../src/tracking/training-tokens.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { ask, type Answer } from './running-mlflow.js'
import { startMlflowRoutes } from './running-routes.js'

const api = '/api/2.0/mlflow'
const files = '/api/2.0/mlflow-artifacts/artifacts'

let database: RunningDatabase
let url: string
let stop: () => Promise<void>
const tokens = createTrainingTokens()

before(async () => {
  database = await startDatabase()
  ;({ url, stop } = await startMlflowRoutes(database.database, { trainings: tokens }))
})
after(async () => {
  await stop()
  await database.stop()
})

interface Started {
  readonly opened: TrainingRun
  readonly child: string
  readonly loan: TrainingLoan
  end(): Promise<void>
}

const Made = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) })

async function newRun(experiment: string, headers: Readonly<Record<string, string>> = {}, fields: object = {}): Promise<string> {
  return Value.Parse(Made, (await ask(url, 'POST', `${api}/runs/create`, { experiment_id: experiment, ...fields }, headers)).body).run.info.run_id
}

/** A training that is under way, and a run that it has begun, as autolog does for each of a search's candidates. */
async function started(model: string, run: string): Promise<Started> {
  const training = { model, run, stage: 'train' }
  const opened = await openTrainingRun(database.database, systemClock, training)
  const loan = tokens.lend({ ...training, actor: `training:${run}/train/1` }, opened)
  return {
    opened,
    loan,
    child: await newRun(opened.experiment, { Authorization: `Bearer ${loan.secret}` }),
    end: async () => {
      loan.takeBack()
      await endTrainingRun(database.database, systemClock, training, 'FINISHED')
    },
  }
}

/** Every way of writing to a run that adds to what was logged of it, or changes it. */
function writes(run: string): readonly (readonly [string, object])[] {
  const run_id = run
  return [
    ['runs/log-metric', { run_id, key: 'loss', value: 3, timestamp: 3 }],
    ['runs/log-batch', { run_id, metrics: [{ key: 'loss', value: 4, timestamp: 4 }] }],
    ['runs/log-batch', { run_id, params: [{ key: 'more', value: '1' }] }],
    ['runs/log-batch', { run_id, tags: [{ key: 'team', value: 'x' }, { key: 'refit.run', value: 'other-1' }] }],
    ['runs/log-parameter', { run_id, key: 'even-more', value: '1' }],
    ['runs/set-tag', { run_id, key: 'refit.run', value: 'other-1' }],
    ['runs/set-tag', { run_id, key: 'mlflow.runName', value: 'other' }],
    ['runs/delete-tag', { run_id, key: 'refit.run' }],
    ['runs/log-inputs', { run_id, datasets: [{ dataset: { name: 'rows', digest: 'd', source_type: 's', source: 's' } }] }],
    ['runs/outputs', { run_id, models: [{ model_id: `m-${'0'.repeat(32)}` }] }],
    ['runs/log-model', { run_id, model_json: JSON.stringify({ artifact_path: 'm', flavors: {}, utc_time_created: 'now', run_id }) }],
    ['runs/update', { run_id, run_name: 'other' }],
    ['runs/update', { run_id, status: 'RUNNING' }],
  ]
}

const put = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => ask(url, 'PUT', `${files}/${path}`, 'x', headers)
const told = async (run: string): Promise<string> => (await ask(url, 'GET', `${api}/runs/get?run_id=${run}`)).text

function refused(answer: Answer, what: string, words: RegExp): void {
  const { error_code, message } = Value.Parse(Type.Object({ error_code: Type.String(), message: Type.String() }), answer.body)
  assert.deepEqual([answer.status, error_code], [400, 'INVALID_PARAMETER_VALUE'], `${what}: ${message}`)
  assert.match(message, words, what)
}

test('while a training is under way its runs take what is logged, also from a script that shows no token; deleted they are not', async () => {
  const { opened, child, loan, end } = await started('price', 'price-1')
  for (const headers of [{ Authorization: `Bearer ${loan.secret}` }, {}]) {
    for (const run of [opened.id, child]) {
      for (const [path, body] of writes(run)) {
        const answer = await ask(url, 'POST', `${api}/${path}`, body, headers)
        assert.ok(answer.status === 200 || (path === 'runs/delete-tag' && answer.status === 404), `${path}: ${answer.text}`)
      }
      assert.equal((await put(`${opened.experiment}/${run}/artifacts/notes.txt`, headers)).status, 200)
    }
  }
  for (const run of [opened.id, child]) refused(await ask(url, 'POST', `${api}/runs/delete`, { run_id: run }), run, /made by a training of this project/)
  await end()
})

test('once it has ended its runs, with their files, stay as it left them', async () => {
  const { opened, child, end, loan } = await started('size', 'size-1')
  const headers = { Authorization: `Bearer ${loan.secret}` }
  for (const run of [opened.id, child]) {
    await ask(url, 'POST', `${api}/runs/log-batch`, { run_id: run, metrics: [{ key: 'loss', value: 1, timestamp: 1 }], params: [{ key: 'depth', value: '3' }] }, headers)
    assert.equal((await put(`${opened.experiment}/${run}/artifacts/notes/how.txt`, headers)).status, 200)
  }
  await end()
  for (const run of [opened.id, child]) {
    const before = await told(run)
    for (const [path, body] of writes(run)) refused(await ask(url, 'POST', `${api}/${path}`, body), `${path} ${JSON.stringify(body)}`, /kept as its training left it/)
    refused(await ask(url, 'POST', `${api}/runs/delete`, { run_id: run }), 'delete', /made by a training of this project/)
    const of = `${opened.experiment}/${run}/artifacts`
    for (const path of [`${of}/notes/how.txt`, `${of}/new.txt`]) refused(await put(path), path, /kept as its training left them/)
    refused(await ask(url, 'POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=new.txt`, {}), 'upload', /kept/)
    for (const path of [`${of}/notes/how.txt`, `${of}/notes`, of, `${opened.experiment}/${run}`, opened.experiment]) refused(await ask(url, 'DELETE', `${files}/${path}`), path, /kept/)
    assert.equal(await told(run), before)
    assert.equal((await ask(url, 'GET', `${files}/${of}/notes/how.txt`)).text, 'x')
  }
})

test('what people note of such a run they may note at any time', async () => {
  const { opened, end } = await started('noted', 'noted-1')
  await end()
  const tag = (path: string, body: object): Promise<Answer> => ask(url, 'POST', `${api}/runs/${path}`, { run_id: opened.id, ...body })
  assert.equal((await tag('set-tag', { key: 'mlflow.note.content', value: 'the one of the fair' })).status, 200)
  assert.equal((await tag('log-batch', { tags: [{ key: 'team', value: 'red' }] })).status, 200)
  assert.match(await told(opened.id), /the one of the fair.*"team"/)
  assert.equal((await tag('delete-tag', { key: 'team' })).status, 200)
})

test('the experiment of a model is neither deleted nor renamed, and one that was deleted before can be restored', async () => {
  const { opened, end } = await started('lasting', 'lasting-1')
  await end()
  const { experiment } = opened
  const before = (await ask(url, 'GET', `${api}/experiments/get?experiment_id=${experiment}`)).text
  refused(await ask(url, 'POST', `${api}/experiments/delete`, { experiment_id: experiment }), 'delete', /that of a model of this project.*where versions come from/)
  refused(await ask(url, 'POST', `${api}/experiments/update`, { experiment_id: experiment, new_name: 'other' }), 'rename', /called as its model is/)
  for (const [path, body] of [['set-experiment-tag', { key: 'refit.model', value: 'x' }], ['delete-experiment-tag', { key: 'refit.model' }]] as const) {
    refused(await ask(url, 'POST', `${api}/experiments/${path}`, { experiment_id: experiment, ...body }), path, /facts/)
  }
  assert.equal((await ask(url, 'GET', `${api}/experiments/get?experiment_id=${experiment}`)).text, before)
  assert.match(await told(opened.id), /"lifecycle_stage":"active"/)

  await sql`update tracking.experiments set is_deleted = true where id = ${experiment}::bigint`.execute(database.database)
  await sql`update tracking.runs set is_deleted = true where id = ${opened.id}`.execute(database.database)
  assert.equal((await ask(url, 'POST', `${api}/experiments/restore`, { experiment_id: experiment })).status, 200)
  assert.match(await told(opened.id), /"lifecycle_stage":"active"/)
})

test('runs that people make in that experiment are their own, whatever their tags say', async () => {
  const { opened, end } = await started('shared', 'shared-1')
  const claimed = await newRun(opened.experiment, {}, { tags: [{ key: 'refit.run', value: 'shared-1' }, { key: 'refit.stage', value: 'train' }] })
  await end()
  assert.match(await told(claimed), /"status":"RUNNING"/, 'the end of the training is not its end')
  await openTrainingRun(database.database, systemClock, { model: 'shared', run: 'shared-1', stage: 'train' })
  assert.match(await told(claimed), /"lifecycle_stage":"active"/, 'a further attempt does not begin it anew')
  assert.equal((await ask(url, 'POST', `${api}/runs/log-metric`, { run_id: claimed, key: 'loss', value: 1, timestamp: 1 })).status, 200)
  assert.equal((await put(`${opened.experiment}/${claimed}/artifacts/a.txt`)).status, 200)
  assert.equal((await ask(url, 'POST', `${api}/runs/delete`, { run_id: claimed })).status, 200)
})

test('what trainings have made under a former release is known by its tags, if there was such a run of the lifecycle', async (t) => {
  const former = await startDatabase()
  t.after(() => former.stop())
  await registerModels(former.database, systemClock, projectOf(modelNamed('price')), 'test')
  const { run } = await requestRun(former.database, systemClock, { model: 'price', cause: { trigger: 'manual', actor: 'test' } })
  // As it was: only tags say what a training has made.
  for (const change of ['alter table tracking.runs drop column training', 'alter table tracking.experiments drop column of_lifecycle', "delete from migrations where name = '0026-runs-of-trainings.sql'"]) {
    await sql.raw(change).execute(former.database)
  }
  await sql`insert into tracking.experiments (id, name, artifact_location, created_at, updated_at) values (1, 'price', 'mlflow-artifacts:/1', 0, 0), (2, 'mine', 'mlflow-artifacts:/2', 0, 0)`.execute(former.database)
  for (const [id, experiment, tagged] of [['a', 1, run.id], ['b', 2, 'price-99'], ['c', 2, undefined]] as const) {
    await sql`insert into tracking.runs (id, experiment, name, user_name, status, started_at, artifact_uri) values (${id}, ${experiment}, 'n', 'u', 'FINISHED', 0, '')`.execute(former.database)
    if (tagged !== undefined) await sql`insert into tracking.tags (run, key, value) select number, tag.key, tag.value from tracking.runs, (values ('refit.run', ${tagged}), ('refit.stage', 'train')) as tag (key, value) where id = ${id}`.execute(former.database)
  }
  await migrate(former.database)
  const { rows } = await sql`select runs.id, runs.training, experiments.of_lifecycle from tracking.runs join tracking.experiments on experiments.id = runs.experiment order by runs.id`.execute(former.database)
  assert.deepEqual(rows, [
    { id: 'a', training: `${run.id}/train`, of_lifecycle: true },
    { id: 'b', training: null, of_lifecycle: false },
    { id: 'c', training: null, of_lifecycle: false },
  ])
})
