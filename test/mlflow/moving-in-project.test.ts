import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProcessNote } from '../../src/roles/state.js'
import { refit, type Finished } from '../cli/refit-process.js'
import { toldProject, week } from '../scenarios/offered-models.js'
import { createProject, until } from '../support/running-project.js'
import { DROPS, MODEL } from '../support/small-project.js'
import { needsGenuine, startGenuineServer } from './genuine-server.js'
import { ask, runMlflowScript } from './running-mlflow.js'

test('what served there for a model of the project comes into service by its check alone, once, and its history stands beside the model', needsGenuine, async (t) => {
  const genuine = await startGenuineServer()
  t.after(() => genuine.stop())
  await runMlflowScript('moving_in_seed.py', genuine.url, { MODEL })
  const project = await createProject({ ...toldProject('triggers: [],'), [`${DROPS}/week-01.csv`]: week(1, 0.08) })
  t.after(() => project.close())
  await project.up({ environment: { REFIT_PYTHON: process.env['REFIT_TEST_PYTHON'] ?? '' } })
  await until('the drop', async () => ((await project.api().drops(MODEL)).drops.length > 0 ? true : undefined))
  const move = (...more: readonly string[]): Promise<Finished> => refit(['import', 'mlflow', genuine.url, ...more], { folder: project.folder })

  const without = await move('--no-adopt')
  assert.equal(without.code, 0, without.error)
  assert.match(without.out, /✓ brought 2 models, 5 versions, 2 aliases, 3 runs, 1 logged model, \d+ files \([\d.]+ \w+\); 2,50\d values of metrics from http/)
  assert.match(without.out, /delivery-time is registered here as delivery-time \(imported\)/)
  assert.match(without.out, /! not brought: 1\n {2}files of version 4 of delivery-time: they lie in another store/)
  assert.deepEqual((await project.api().runs({ model: MODEL })).runs, [])
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  const alias = async (name: string): Promise<string> => (await ask(url, 'GET', `/api/2.0/mlflow/registered-models/alias?name=${encodeURIComponent(name)}&alias=champion`)).text
  assert.match(await alias(`${MODEL} (imported)`), /"version":"2"/)
  assert.match(await alias(MODEL), /not found/)

  // Nobody has said what it was trained on, so somebody has to say that it may serve.
  const moved = await move()
  assert.equal(moved.code, 5, moved.out + moved.error)
  assert.match(moved.out, /version 2 of delivery-time \(imported\), which served there \(alias champion\), is checked for delivery-time/)
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.verdict?.answer, 'passed', run.explanation)
  assert.deepEqual(run.offer?.kind === 'package' ? [run.offer.origin.path, run.offer.origin.host, run.offer.origin.trainedOn.kind] : [], [`${genuine.url}/#/models/${MODEL}/versions/2`, new URL(genuine.url).host, 'unknown'])
  await project.api().approve(run.id, { reason: 'it has served for a year' })
  await until('serving', async () => (JSON.stringify((await project.predict(MODEL, [{ distance_km: 1000 }]))?.body).includes('92') ? true : undefined))
  assert.match(await alias(MODEL), /"version":"1"/)

  const again = await move()
  assert.equal(again.code, 0, again.error)
  assert.match(again.out, /nothing new was brought from http/)
  assert.match(again.out, /was brought to delivery-time before, by run delivery-time-1/)
  assert.equal((await project.api().runs({ model: MODEL })).runs.length, 1)

  const renamed = await move('--model', 'without versions', '--as', MODEL)
  assert.equal(renamed.code, 0, renamed.error)
})
