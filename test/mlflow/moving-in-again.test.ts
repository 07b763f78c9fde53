import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { FILES, importedFrom, newRun, startForeignServer } from './foreign-server.js'
import { ask, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'
import type { Message } from './scripted-server.js'

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

const fileOf = async (run: string, path: string): Promise<string> => (await ask(server.url, 'GET', `/get-artifact?run_id=${run}&path=${path}`)).text

/** A folder with files of four bytes each. */
const folder = (root: string, ...names: readonly string[]) => (query: URLSearchParams): Message => ({ body: query.get('path') === root ? { files: names.map((path) => ({ path, is_dir: false, file_size: 4 })) } : {} })

test('a logged model that failed comes with the next import, though its run is here whole', async (t) => {
  const run = newRun()
  const model = `m-${run}`
  const root = `1/models/${model}/artifacts`
  let isBroken = true
  const from = await startForeignServer(t, {
    '/mlflow/runs/get': { body: { run: { info: { run_id: run, experiment_id: '1', status: 'FINISHED', artifact_uri: `mlflow-artifacts:/1/${run}/artifacts` }, outputs: { model_outputs: [{ model_id: model, step: '0' }] } } } },
    [`/mlflow/logged-models/${model}`]: { body: { model: { info: { model_id: model, experiment_id: '1', name: 'line', artifact_uri: `mlflow-artifacts:/${root}`, status: 'LOGGED_MODEL_READY', source_run_id: run } } } },
    [FILES]: folder(root, 'MLmodel'),
    [`${FILES}/${root}/MLmodel`]: (): Message => (isBroken ? { status: 500, body: 'Internal Server Error' } : { body: 'text' }),
  }, { run })
  const first = await importedFrom(from.url, server.url)
  assert.deepEqual([first.brought.runs, first.brought.files, first.leftCount], [1, 0, 1])
  isBroken = false
  const second = await importedFrom(from.url, server.url)
  assert.deepEqual([second.present.runs, second.brought.loggedModels, second.brought.files, second.leftCount], [1, 1, 1, 0])
  const third = await importedFrom(from.url, server.url)
  assert.deepEqual([third.present.loggedModels, third.brought.loggedModels, third.brought.files], [1, 0, 0])
})

test('files of a run that was still being written are brought again, also where their size is the same', async (t) => {
  const run = newRun()
  const root = `1/${run}/artifacts`
  let status = 'RUNNING'
  let content = 'old!'
  const from = await startForeignServer(t, {
    '/mlflow/runs/get': (): Message => ({ body: { run: { info: { run_id: run, experiment_id: '1', status, artifact_uri: `mlflow-artifacts:/${root}` } } } }),
    [FILES]: folder(root, 'a.txt'),
    [`${FILES}/${root}/a.txt`]: () => ({ body: content }),
  }, { run })
  await importedFrom(from.url, server.url)
  content = 'new!'
  await importedFrom(from.url, server.url)
  assert.equal(await fileOf(run, 'a.txt'), 'new!')
  content = 'end!'
  status = 'FINISHED'
  await importedFrom(from.url, server.url)
  assert.equal(await fileOf(run, 'a.txt'), 'end!')
  assert.equal((await importedFrom(from.url, server.url)).present.runs, 1)
})

test('an import that did not end brings only what is missing, unless the run is another since', async (t) => {
  const run = newRun()
  const root = `1/${run}/artifacts`
  let name = 'first'
  let content = 'old!'
  let isBroken = true
  const from = await startForeignServer(t, {
    '/mlflow/runs/get': (): Message => ({ body: { run: { info: { run_id: run, run_name: name, experiment_id: '1', status: 'FINISHED', artifact_uri: `mlflow-artifacts:/${root}` } } } }),
    [FILES]: folder(root, 'a.txt', 'b.txt'),
    [`${FILES}/${root}/a.txt`]: () => ({ body: content }),
    [`${FILES}/${root}/b.txt`]: (): Message => (isBroken ? { status: 500, body: 'Internal Server Error' } : { body: 'text' }),
  }, { run })
  const files = async (): Promise<readonly number[]> => {
    const { brought, present } = await importedFrom(from.url, server.url)
    return [brought.files, present.files]
  }
  assert.deepEqual(await files(), [1, 0])
  assert.deepEqual(await files(), [0, 1])
  name = 'second'
  content = 'new!'
  isBroken = false
  assert.deepEqual(await files(), [2, 0])
  assert.equal(await fileOf(run, 'a.txt'), 'new!')
})
