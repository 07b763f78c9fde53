import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import { RefitError } from '../../src/errors.js'
import { fetchLoggedModel } from '../../src/lifecycle/fetch-logged-model.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { checkArtifactPath } from '../../src/tracking/artifact-path.js'
import { putArtifact } from '../../src/tracking/artifacts.js'
import { setTag } from '../../src/tracking/batch.js'
import { createExperiment } from '../../src/tracking/experiments.js'
import { createLoggedModel, finalizeLoggedModel, type LoggedModel } from '../../src/tracking/logged-models.js'
import { recordModel } from '../../src/tracking/model-history.js'
import { trainedModels } from '../../src/tracking/trained-models.js'
import { openTrainingRun, type TrainingRun } from '../../src/tracking/training-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'

let running: RunningDatabase
let database: Database
let folder: string
before(async () => {
  running = await startDatabase()
  ;({ database } = running)
  folder = await mkdtemp(join(tmpdir(), 'refit-trained-models-'))
})
after(async () => {
  await running.stop()
  await rm(folder, { recursive: true, force: true })
})

function logged({ id, experiment }: TrainingRun, name: string): Promise<LoggedModel> {
  return createLoggedModel(database, clock, { experiment, name, type: undefined, sourceRun: id, params: [], tags: [] })
}

test('models that were logged to their end count, by clients of MLflow 3 and of those before it, each once', async () => {
  const opened = await openTrainingRun(database, clock, { model: 'm', run: 'm-1', stage: 'train' })
  const [whole, broken] = [await logged(opened, 'whole'), await logged(opened, 'broken')]
  await finalizeLoggedModel(database, clock, whole.id, 'LOGGED_MODEL_READY')
  const record = (path: string, more: object = {}): Promise<void> => recordModel(database, opened.id, JSON.stringify({ artifact_path: path, flavors: {}, utc_time_created: 'now', run_id: opened.id, ...more }), 'training')
  await record('model')
  await record('model')
  await record('whole', { model_id: whole.id })
  const found = await trainedModels(database, { models: new Set([whole.id, broken.id]), runs: new Set([opened.id]) })
  assert.deepEqual(found, [{ name: 'whole', location: whole.artifactUri }, { name: 'model', location: `${opened.artifactUri}/model` }])
  assert.deepEqual(await trainedModels(database, { models: new Set(), runs: new Set() }), [], 'of others nothing counts')
})

test('a script that sets the tag of its models to something else has none in its run', async () => {
  const opened = await openTrainingRun(database, clock, { model: 'm', run: 'm-2', stage: 'train' })
  await setTag(database, opened.id, { key: 'mlflow.log-model.history', value: 'x' }, 'training')
  assert.deepEqual(await trainedModels(database, { models: new Set(), runs: new Set([opened.id]) }), [])
})

test('the files of a model are brought as they lie, and none of its neighbours', async () => {
  const objects = filesystemObjects(join(folder, 'objects'))
  for (const path of ['7/model/MLmodel', '7/model/data/deep/model.pkl', '7/model-beside/x', '7/other', '7/modelx']) await putArtifact(database, objects, checkArtifactPath(path), Readable.from([path]))
  const target = join(folder, 'fetched')
  await fetchLoggedModel({ database, objects }, { name: 'model', location: 'mlflow-artifacts:/7/model' }, target)
  for (const path of ['MLmodel', 'data/deep/model.pkl']) assert.equal(await readFile(join(target, path), 'utf8'), `7/model/${path}`)
  await assert.rejects(readFile(join(target, 'x')))
})

test('a model that was logged to another store is told where it lies', async () => {
  await createExperiment(database, clock, { name: 'away', artifactLocation: 's3://theirs/x', tags: [] })
  const opened = await openTrainingRun(database, clock, { model: 'away', run: 'away-1', stage: 'train' })
  assert.match(opened.artifactUri, /^mlflow-artifacts:\/\d+\/[\da-f]{32}\/artifacts$/, 'files of the run come here all the same')
  const { artifactUri, name } = await logged(opened, 'line')
  const fetching = fetchLoggedModel({ database, objects: filesystemObjects(folder) }, { name, location: artifactUri }, join(folder, 'nothing'))
  await assert.rejects(fetching, (error) => error instanceof RefitError && error.code === 'candidate-elsewhere' && /s3:\/\/theirs\/x\/models\/m-/.test(error.message))
})
