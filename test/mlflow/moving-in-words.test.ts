import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { refit, type Finished } from '../cli/refit-process.js'
import { importedFrom, startForeignServer } from './foreign-server.js'
import { startRefitMlflow, type RunningMlflow } from './running-mlflow.js'
import { startScriptedServer } from './scripted-server.js'

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

async function refused(commandLine: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const ended = await refit(['import', 'mlflow', ...commandLine], { environment })
  assert.equal(ended.code, 1, ended.out)
  assert.doesNotMatch(ended.error, / {4}at |This is a bug/)
  return ended
}

test('a Refit is not moved into itself, by whatever address or server of its database; into another one it is', async (t) => {
  const second = await startRefitMlflow({ arguments: ['--state', server.folder] })
  t.after(() => second.stop())
  for (const from of [server.url, server.url.replace('127.0.0.1', 'localhost'), second.url]) {
    assert.match((await refused([from, '--url', server.url])).error, /keeps what it has in the very database that it would be brought to/)
  }
  const other = await startRefitMlflow()
  t.after(() => other.stop())
  assert.equal((await importedFrom(other.url, server.url)).leftCount, 0)
})

test('what is no Refit is not moved into', async (t) => {
  const other = await startScriptedServer(t, () => undefined)
  assert.match((await refused([other.url, '--url', other.url])).error, /is no Refit that takes what is brought/)
  for (const url of ['nonsense', '127.0.0.1:7700', 'localhost:7700', 'file:///x']) assert.match((await refused([other.url, '--url', url])).error, new RegExp(`${url} is no address of a control server`))
})

test('a model that the server does not have is told beside those that it has, and says nothing of tokens', async (t) => {
  const from = await startForeignServer(t, { '/mlflow/registered-models/get': { status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no such model' } } }, { model: 'delivery-time' })
  const { error } = await refused([from.url, '--url', server.url, '--model', 'delivery_time'])
  assert.match(error, /has no registered model delivery_time; it has: delivery-time\.\n.*Without --model/)
  assert.doesNotMatch(error, /TOKEN/)
})

test('of who asks it is spoken where somebody is refused, and nowhere else', async (t) => {
  for (const [status, told] of [[404, false], [400, false], [401, true], [403, true]] as const) {
    const from = await startScriptedServer(t, () => ({ status, body: { message: 'no' } }))
    const { error } = await refused([from.url, '--url', server.url])
    assert.match(error, new RegExp(`refused the list of registered models: status ${status}\\. no\\n`))
    assert.equal(error.includes('MLFLOW_TRACKING_TOKEN'), told, error)
  }
  const from = await startForeignServer(t, {})
  assert.match((await refused([from.url, '--url', server.url], { MLFLOW_TRACKING_TOKEN: 'two\nlines' })).error, /cannot be reached: Invalid character in header/)
})

test('outside of a project it is told how a Refit is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-moving-in-words-'))
  const ended = await refit(['import', 'mlflow', 'http://127.0.0.1:9'], { folder })
  await rm(folder, { recursive: true })
  assert.equal(ended.code, 1)
  assert.match(ended.error, /No refit\.config\.ts in .*tells which Refit is meant\.\n.*`refit --url http:\/\/127\.0\.0\.1:7700 import mlflow …`/)
})

test('where a folder or a database is named, it is told to start a server on it', async () => {
  assert.match((await refused(['./mlruns', '--url', server.url])).error, /\.\/mlruns is where MLflow keeps what it has.*\n.*`mlflow server --backend-store-uri \.\/mlruns --port 5001`/)
})
