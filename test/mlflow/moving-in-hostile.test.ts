import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refit, type Finished } from '../cli/refit-process.js'
import { FILES, importedFrom, newRun, startForeignServer as foreign, type Imported } from './foreign-server.js'
import { hostilePaths } from './hostile-paths.js'
import { ask, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'
import { startScriptedServer, type Message, type ScriptedServer } from './scripted-server.js'

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

const imported = (from: ScriptedServer): Promise<Imported> => importedFrom(from.url, server.url)

async function failed(from: ScriptedServer): Promise<Finished> {
  const ended = await refit(['import', 'mlflow', from.url, '--url', server.url])
  assert.equal(ended.code, 1, ended.out)
  assert.ok(!/ {4}at |This is a bug/.test(ended.error), ended.error)
  return ended
}

test('files whose paths lead elsewhere are not asked for, not written, told and counted', async (t) => {
  const names = hostilePaths.filter((path) => path !== '')
  const run = newRun()
  const root = `1/${run}/artifacts`
  const list = (query: URLSearchParams): Message => ({ body: query.get('path') === root ? { files: [...names, 'fine.txt'].map((path) => ({ path, is_dir: false, file_size: 4 })) } : {} })
  const from = await foreign(t, { [FILES]: list, [`${FILES}/${root}/fine.txt`]: { body: 'fine' } }, { run })
  const { brought, leftCount } = await imported(from)
  assert.equal(brought.files, 1)
  assert.equal(leftCount, names.length)
  const files = from.asked.filter(({ path }) => path.startsWith(`${FILES}/`)).map(({ path }) => path)
  assert.deepEqual(files, [`${FILES}/${root}/fine.txt`])
})

test('what is said is shown on one line, without what moves the cursor', async (t) => {
  const evil = 'm\u001b[2J\u202eodel\r\nall is well'
  const from = await foreign(t, { '/mlflow/runs/get': { status: 404, body: {} } }, { model: evil })
  const { out, error } = await refit(['import', 'mlflow', from.url, '--url', server.url])
  // eslint-disable-next-line no-control-regex -- what must not be shown
  assert.ok(!/[\u001b\u202e\r]/.test(`${out}${error}`), JSON.stringify(`${out}${error}`))
})

test('a run that is here and came otherwise stays as it is, and so does a model of that name', async (t) => {
  const created = await ask(server.url, 'POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', run_name: 'ours' })
  const { run } = Value.Parse(Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) }), created.body)
  const id = run.info.run_id
  const from = await foreign(t, { '/mlflow/runs/get': { body: { run: { info: { run_id: id, experiment_id: '1', status: 'KILLED', run_name: 'theirs' }, data: { tags: [{ key: 'x', value: 'y' }] } } } } }, { run: id })
  assert.ok((await imported(from)).left.some(({ what, reason }) => what === `run ${id}` && /which was not brought/.test(reason)))
  const { text } = await ask(server.url, 'GET', `/api/2.0/mlflow/runs/get?run_id=${id}`)
  assert.ok(text.includes('"run_name":"ours"') && text.includes('RUNNING') && !text.includes('"key":"x"'), text)

  assert.equal((await ask(server.url, 'POST', '/api/2.0/mlflow/registered-models/create', { name: 'taken' })).status, 200)
  const { brought, left } = await imported(await foreign(t, {}, { model: 'taken' }))
  assert.deepEqual([brought.models, brought.versions], [0, 0])
  assert.match(left.find(({ what }) => what === 'model taken')?.reason ?? '', /registered here/)
})

test('tags that would say something of this Refit are not brought', async (t) => {
  const id = newRun()
  const tags = [{ key: 'refit.run', value: 'delivery-time-1' }, { key: 'refit.import.digest', value: 'x' }, { key: 'kept', value: 'yes' }]
  const from = await foreign(t, { '/mlflow/runs/get': { body: { run: { info: { run_id: id, experiment_id: '1', status: 'FINISHED' }, data: { tags } } } } }, { run: id })
  await imported(from)
  const { text } = await ask(server.url, 'GET', `/api/2.0/mlflow/runs/get?run_id=${id}`)
  assert.ok(text.includes('"kept"') && !text.includes('refit.run') && !text.includes('"value":"x"'), text)
})

test('addresses of files of other hosts and in other stores are not asked for, nor is a path on a disk, of which the server has nothing, and no such path is kept', async (t) => {
  for (const [artifacts, kept, what] of [
    ['/mlruns/1/x/artifacts', false, 'version'],
    ['file:///mlruns/1/x', false, 'version'],
    ['c:/mlruns', false, 'version'],
    ['mlflow-artifacts://another.example/1/x', false, 'run'],
    ['mlflow-artifacts:/../../etc', false, 'run'],
    ['http://169.254.169.254/latest/meta-data', false, 'run'],
    ['s3://bucket/1/x', true, 'run'],
    ['gs://bucket/1/x', true, 'run'],
  ] as const) {
    const id = newRun()
    const from = await foreign(t, {}, { run: id, artifacts })
    const { left, brought } = await imported(from)
    assert.ok(left.some((each) => each.what.startsWith(what === 'run' ? `files of run ${id}` : 'files of version 1')), artifacts)
    assert.deepEqual([brought.runs, brought.files], [1, 0], artifacts)
    const { text } = await ask(server.url, 'GET', `/api/2.0/mlflow/runs/get?run_id=${id}`)
    assert.match(text, kept ? new RegExp(`"artifact_uri":"${artifacts}"`) : new RegExp(`"artifact_uri":"mlflow-artifacts:/\\d+/${id}/artifacts"`))
    assert.ok(from.asked.every(({ path }) => !path.startsWith(FILES)), artifacts)
  }
})

test('answers that are no messages, that are about something else, or that have no end, end the import with what is wrong', async (t) => {
  const endless = { '/mlflow/registered-models/search': { body: { registered_models: [], next_page_token: 'again' } } }
  assert.match((await failed(await foreign(t, endless))).error, /its pages have no end/)
  assert.match((await failed(await foreign(t, { '/mlflow/registered-models/search': { body: '<html>' } }))).error, /it is not JSON/)
  assert.match((await failed(await foreign(t, { '/mlflow/registered-models/search': { body: { registered_models: [{ name: 7 }] } } }))).error, /registered_models\/0\/name/)
  assert.match((await failed(await foreign(t, { '/mlflow/registered-models/search': { body: `"${'x'.repeat(65 * 1024 * 1024)}"` } }))).error, /more than 64 MB/)
  assert.match((await failed(await foreign(t, { '/mlflow/runs/get': { body: { run: { info: { run_id: 'c'.repeat(32), experiment_id: '1', status: 'FINISHED' } } } } }))).error, /it is c{32}/)
})

test('a server that tells of files elsewhere on its disk is not followed there', async (t) => {
  const run = newRun()
  const names = ['../../etc/passwd', '/etc/passwd', 'model/../../x', 'elsewhere/x', 'model/fine.txt', 'model/deep/er.txt']
  const list = (query: URLSearchParams): Message => ({ body: query.get('path') === 'model' ? { files: names.map((path) => ({ path, is_dir: false, file_size: 4 })) } : { files: [{ path: 'model', is_dir: true }] } })
  const from = await foreign(t, { '/mlflow/artifacts/list': list, '/get-artifact': { body: 'fine' } }, { run, artifacts: 'file:///mlruns/1/x' })
  const { brought, leftCount } = await imported(from)
  assert.deepEqual([brought.files, leftCount], [1, names.length - 1])
  assert.deepEqual(from.asked.filter(({ path }) => path === '/get-artifact').map(({ query }) => [query.get('run_id'), query.get('path')]), [[run, 'model/fine.txt']])
})

test('a folder that is within itself without an end is left where its path is too long', async (t) => {
  const { brought, left, leftCount } = await imported(await foreign(t, { [FILES]: { body: { files: [{ path: 'a'.repeat(100), is_dir: true }] } } }))
  assert.deepEqual([brought.files, leftCount], [0, 1])
  assert.match(left[0]?.reason ?? '', /its path is not one that is taken/)
})

test('files that a server fails at do not keep the others away, however many they are, and come with a later import', async (t) => {
  const run = newRun()
  const root = `1/${run}/artifacts`
  const names = Array.from({ length: 40 }, (_, index) => `${index}.txt`)
  let isBroken = true
  const list = (query: URLSearchParams): Message => ({ body: query.get('path') === root ? { files: names.map((path) => ({ path, is_dir: false, file_size: 4 })) } : {} })
  const file = (): Message => (isBroken ? { status: 500, body: 'Internal Server Error' } : { body: 'text' })
  const from = await foreign(t, { [FILES]: list, ...Object.fromEntries(names.slice(0, -1).map((name) => [`${FILES}/${root}/${name}`, file])), [`${FILES}/${root}/39.txt`]: { body: 'fine' } }, { run })
  const first = await imported(from)
  assert.deepEqual([first.brought.files, first.brought.versions, first.leftCount], [1, 1, 39])
  assert.match(first.left[0]?.reason ?? '', /refused the file .*: status 500\. Internal Server Error/)
  isBroken = false
  const second = await imported(from)
  assert.deepEqual([second.brought.files, second.leftCount], [39, 0])
})

test('redirects are not followed, and who asks is told to nobody else', async (t) => {
  const elsewhere = await startScriptedServer(t, () => ({ body: {} }))
  const from = await startScriptedServer(t, () => (answer) => answer.writeHead(302, { Location: `${elsewhere.url}/api/2.0/mlflow/registered-models/search` }).end())
  const environment = { MLFLOW_TRACKING_TOKEN: 'token-of-theirs' }
  const ended = await refit(['import', 'mlflow', from.url, '--url', server.url], { environment })
  assert.equal(ended.code, 1)
  assert.match(ended.error, /it redirects \(302\), which is not followed/)
  assert.equal(elsewhere.asked.length, 0)
  assert.equal(from.asked[0]?.headers.authorization, 'Bearer token-of-theirs')

  // Whoever stands in Refit's place sees nothing of it either.
  const refitsPlace = await startScriptedServer(t, () => ({ status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'no' } }))
  const theirs = await foreign(t, {})
  const refused = await refit(['import', 'mlflow', theirs.url, '--url', refitsPlace.url], { environment: { ...environment, REFIT_TOKEN: 'token-of-ours' } })
  assert.equal(refused.code, 1)
  assert.match(refused.error, /Refit at \S+ refused .*status 403/)
  assert.ok(refitsPlace.asked.length > 0 && refitsPlace.asked.every(({ headers }) => headers.authorization === 'Bearer token-of-ours'))
  assert.ok(theirs.asked.every(({ headers }) => headers.authorization === 'Bearer token-of-theirs'))
})

test('an address that is none, a server that is not there, and --as without --model are told', async () => {
  assert.match((await refit(['import', 'mlflow', 'ftp://127.0.0.1', '--url', server.url])).error, /is no address of an MLflow server: a server is asked by http or https/)
  assert.match((await refit(['import', 'mlflow', 'not an address', '--url', server.url])).error, /it is not written as one/)
  const usage = await refit(['import', 'mlflow', 'http://127.0.0.1:9', '--as', 'x', '--url', server.url])
  assert.equal(usage.code, 2)
  assert.match(usage.error, /--as <name>' needs '--model <name>'/)
  const away = await refit(['import', 'mlflow', 'http://127.0.0.1:9', '--url', server.url])
  assert.equal(away.code, 1)
  assert.match(away.error, /The MLflow server at http:\/\/127\.0\.0\.1:9 cannot be reached: .*ECONNREFUSED/)
})
