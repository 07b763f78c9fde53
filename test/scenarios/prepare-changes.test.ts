import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { PREPARE_FILE } from '../../src/packages/manifest.js'
import { fetchPackage } from '../../src/packages/store.js'
import { cutSets } from '../support/cut-sets.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, HOLD, MODEL, smallProject } from '../support/small-project.js'
import { modelNamed } from '../support/stored-models.js'

const prepare = (path = './prepare.ts'): string => `prepare: '${path}', prepared: { distance_km: column.number(), far: column.boolean() },`
/** The same line, through other units: a candidate is as good as its champion, if each is asked in its own. */
const inUnits = (factor: number, besides = ''): string => `export default ({ distance_km }) => { ${besides} return { distance_km: distance_km * ${factor}, far: distance_km > 200 } }\n`

async function start(context: TestContext, files: Readonly<Record<string, string>>, definition = prepare()): Promise<RunningProject> {
  const running = await createProject({ ...smallProject({ definition }), ...files })
  context.after(() => running.close())
  await running.up()
  return running
}

/** Serving follows by itself, a moment later. */
async function live(running: RunningProject, version: number): Promise<void> {
  await until(`version ${version} at the endpoint`, async () => {
    const answer = await running.serving(`/models/${MODEL}`)
    return answer?.status === 200 && JSON.stringify(answer.body).includes(`"version":${version},`) ? true : undefined
  })
}

async function bytesOf(running: RunningProject, version: number): Promise<string> {
  const { digest } = await running.api().version(MODEL, version)
  const folder = join(running.folder, '.opened', digest)
  await fetchPackage(filesystemObjects(join(running.stateFolder, 'objects')), digest, folder)
  return readFile(join(folder, PREPARE_FILE), 'utf8')
}

test('a change of prepare is something new; the champion prepares the test rows by its own, and so is judged fairly', async (context) => {
  const running = await start(context, { 'prepare.ts': inUnits(1) })
  await running.put(`${DROPS}/week-01.csv`, deliveries(1))
  const first = await running.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', `${first.explanation} ${JSON.stringify(first.error)}`)
  await running.api().requestRun(MODEL, { force: false })
  assert.equal((await running.ended(`${MODEL}-2`)).outcome, 'unchanged')

  await running.put('prepare.ts', inUnits(1000))
  await running.api().requestRun(MODEL, { force: false })
  const changed = await running.ended(`${MODEL}-3`)
  assert.equal(changed.outcome, 'promoted', changed.explanation)
  assert.equal(changed.verdict?.champion?.version, 1)
  const [candidate, champion] = [changed.verdict.candidate['mape']?.value ?? 1, changed.verdict.champion.metrics['mape']?.value ?? 0]
  assert.ok(Math.abs(candidate - champion) < 1e-9, `${candidate} and ${champion}`)
  const [one, two] = [await running.api().version(MODEL, 1), await running.api().version(MODEL, 2)]
  assert.notEqual(one.digest, two.digest)
  assert.deepEqual(one.signature, two.signature)
  await live(running, 2)
  const asked = [{ distance_km: 100 }, { distance_km: 400.5 }]
  assert.equal((await running.predict(MODEL, asked))?.status, 200)
})

test('code that prepares and is no source file of the project counts as well', async (context) => {
  const running = await start(context, { 'dist/prepare.js': inUnits(1) }, prepare('./dist/prepare.js'))
  await running.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await running.ended(`${MODEL}-1`)).outcome, 'promoted')
  await running.put('dist/prepare.js', inUnits(2))
  await running.api().requestRun(MODEL, { force: false })
  assert.equal((await running.ended(`${MODEL}-2`)).outcome, 'promoted')
})

test('a run keeps the module that it began with, although the file changes and everything dies', async (context) => {
  const running = await start(context, { 'prepare.ts': inUnits(7), [HOLD]: '' })
  await running.put(`${DROPS}/week-01.csv`, deliveries(1))
  await until('the trainer', async () => ((await running.processesOf(`${MODEL}-1`, 'train')).length > 0 ? true : undefined))
  await running.kill()
  await running.put('prepare.ts', inUnits(13))
  await running.remove(HOLD)
  await rm(join(running.stateFolder, 'work', `${MODEL}-1`, 'sets'), { recursive: true, force: true })
  await running.up()
  const run = await running.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  const bytes = await bytesOf(running, 1)
  assert.ok(bytes.includes('* 7') && !bytes.includes('13'), bytes)
})

test('a row that cannot be prepared: in training the run fails, in the test set the candidate is rejected, in a request that request; the champion serves on', async (context) => {
  const running = await start(context, { 'prepare.ts': inUnits(1, `if (distance_km > 9000) throw new RangeError('no such distance');`) })
  await running.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await running.ended(`${MODEL}-1`)).outcome, 'promoted')

  await live(running, 1)
  const answer = await running.predict(MODEL, [{ distance_km: 1 }, { distance_km: 9001 }])
  assert.equal(answer?.status, 500)
  assert.match(JSON.stringify(answer.body), /"row-not-prepared".*rows\[1\] of the request cannot be prepared for the model: it throws RangeError: no such distance\./)
  assert.equal((await running.predict(MODEL, [{ distance_km: 1 }]))?.status, 200)

  const { trained, tested } = await sidesOf(context)
  await running.put(`${DROPS}/week-02.csv`, `order_id,distance_km,hours\n${tested},9500,10\n`)
  const rejected = await running.ended(`${MODEL}-2`)
  assert.equal(rejected.outcome, 'rejected', rejected.explanation)
  assert.match(rejected.explanation ?? '', /no such distance/)

  await running.put(`${DROPS}/week-03.csv`, `order_id,distance_km,hours\nx1,10,10\n${trained},9600,10\n`)
  const failed = await running.ended(`${MODEL}-3`)
  assert.equal(failed.outcome, 'failed')
  assert.equal(failed.error?.code, 'prepare-failed')
  assert.equal(failed.error.message, './prepare.ts fails for row 2 of week-03.csv: it throws RangeError: no such distance.')
  assert.equal((await running.predict(MODEL, [{ distance_km: 1 }]))?.status, 200)
})

/** Keys of orders that the project's split puts on either side. */
async function sidesOf(context: TestContext): Promise<{ readonly trained: string; readonly tested: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-sides-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const definition = modelNamed(MODEL, {
    columns: { order_id: { type: 'text', role: 'key', optional: false }, distance_km: { type: 'number', role: 'feature', optional: false }, hours: { type: 'number', role: 'target', optional: false } },
    split: { kind: 'group', test: 0.25, validation: 0.1 },
  })
  const keys = Array.from({ length: 60 }, (_, index) => `special-${index}`)
  const sets = await cutSets(folder, definition, keys.map((order_id, index) => ({ order_id, distance_km: index, hours: index })))
  const connection = await openDuckDb({ memoryBytes: 300_000_000, spillFolder: join(folder, 'spill') })
  const tested = (await rowsOf(connection, `select order_id from read_parquet(${text(join(sets.folder, 'test', 'test.parquet'))})`)).map((row) => String(row['order_id']))
  connection.closeSync()
  return { tested: tested[0] ?? '', trained: keys.find((key) => !tested.includes(key)) ?? '' }
}
