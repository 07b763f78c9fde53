import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Value } from 'typebox/value'
import { BatchJobAnswer, BatchJobList } from '../../src/api/wire/batch.js'
import { EventList } from '../../src/api/wire/event.js'
import { text } from '../../src/data/duckdb.js'
import { Failure } from '../../src/http/failure.js'
import { refit } from '../cli/refit-process.js'
import { until, type RunningProject } from '../support/running-project.js'
import { FORMULA, MODEL, startRides, STRANGE } from '../support/rides.js'
import { openTables, ridesOf, type Tables } from './tables.js'

const ROWS = 1_000_000

let project: RunningProject
let tables: Tables
let at: (name: string) => string

before(async () => {
  tables = await openTables()
  project = await startRides({ server: "{ answerWithin: '10 seconds' }" })
  at = (name) => join(project.folder, 'batch', name)
  for (const words of [['upload', MODEL, 'rides.csv'], ['run', '--json']]) {
    const { code, out, error } = await refit(words, { folder: project.folder })
    assert.equal(code, 0, out + error)
  }
  await mkdir(join(project.folder, 'batch', 'november'), { recursive: true })
  await tables.write(ridesOf(ROWS), at('million.parquet'))
  await tables.write(ridesOf(1000), at('november/rides.csv'))
})

after(async () => {
  tables.close()
  await project.close()
})

async function ask(method: 'GET' | 'POST', path: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(`${project.api().url}/api/v1${path}`, { method, ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json', 'Refit-Actor': 'cli:tester' }, body: JSON.stringify(body) }) })
  return { status: answer.status, body: await answer.json() }
}

async function requested(body: object): Promise<BatchJobAnswer> {
  const answer = await ask('POST', `/models/${MODEL}/batch`, body)
  assert.equal(answer.status, 202, JSON.stringify(answer.body))
  return Value.Parse(BatchJobAnswer, answer.body)
}

async function refused(body: object): Promise<string> {
  const answer = await ask('POST', `/models/${MODEL}/batch`, body)
  const { code, message } = Value.Parse(Failure, answer.body)
  return `${answer.status} ${code} ${message}`
}

const job = async (id: string): Promise<BatchJobAnswer> => Value.Parse(BatchJobAnswer, (await ask('GET', `/batch/${id}`)).body)
const ended = (id: string): Promise<BatchJobAnswer> =>
  until(`the end of ${id}`, async () => {
    const seen = await job(id).catch(() => undefined)
    return seen?.endedAt === undefined ? undefined : seen
  })

async function requireWhole(output: string): Promise<void> {
  const found = await tables.row(`select count(*) as rows, count(*) filter (where place <> file_row_number) as strayed, count(*) filter (where refit_prediction is distinct from (${FORMULA.sql})) as wrong from read_parquet(${text(at(output))}, file_row_number = true)`)
  assert.deepEqual({ ...found }, { rows: BigInt(ROWS), strayed: 0n, wrong: 0n })
}

/** What is hidden beside the outputs, and what jobs keep in the state. */
async function leftovers(): Promise<readonly string[]> {
  const folders = [project.folder + '/batch', at('november'), join(project.stateFolder, 'batch')]
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch((): string[] => [])))
  return [...names.slice(0, 2).flat().filter((name) => name.startsWith('.')), ...(names[2] ?? [])]
}

test('a job scores a file by the version of the moment it was asked for, tells how far it is, and is in the event log', async () => {
  const asked = await requested({ input: 'november/rides.csv', output: 'november/scored.ndjson' })
  assert.deepEqual([asked.id, asked.version, asked.state, asked.actor], [`${MODEL}-b1`, 1, 'waiting', 'cli:tester'])
  const done = await ended(asked.id)
  assert.equal(done.state, 'done', JSON.stringify(done.error))
  assert.deepEqual(done.result, { rows: 1000, rejected: 0, samples: [] })
  assert.equal((await readFile(at('november/scored.ndjson'), 'utf8')).trim().split('\n').length, 1000)
  const list = Value.Parse(BatchJobList, (await ask('GET', `/models/${MODEL}/batch`)).body)
  assert.deepEqual(list.jobs.map(({ id }) => id), [asked.id])
  const { events } = Value.Parse(EventList, (await ask('GET', `/events?model=${MODEL}`)).body)
  const told = events.filter(({ kind }) => kind.startsWith('batch.')).map((event) => event.text)
  assert.deepEqual(told, [`batch job ${asked.id} asked for by cli:tester: november/rides.csv → november/scored.ndjson, by version 1`, `batch job ${asked.id} done – 1,000 rows by version 1`])
  // They are removed once its end is written down.
  await until('no leftovers', async () => ((await leftovers()).length === 0 ? true : undefined))
})

test('a job goes on where it was when control and its children are killed, and writes every row once', async () => {
  const { id } = await requested({ input: 'million.parquet', output: 'resumed.parquet' })
  const folder = join(project.stateFolder, 'batch', id)
  await until('some parts', async () => ((await readdir(folder).catch((): string[] => [])).includes('part-00000003.parquet') ? true : undefined), 5)
  await project.kill()
  assert.equal(existsSync(at('resumed.parquet')), false, 'an output appears only when it is whole')
  const finished = (await readdir(folder)).filter((name) => /^part-\d+\.parquet$/.test(name))
  const times = await Promise.all(finished.map(async (name) => (await stat(join(folder, name))).ino))
  // What is scored is what was there when the job began.
  await tables.write(ridesOf(10), at('ten.parquet'))
  await writeFile(at('million.parquet'), await readFile(at('ten.parquet')))
  await project.up({ pauseAt: 'batch:before-end' })
  await project.paused()
  const kept = await Promise.all(finished.map(async (name) => (await stat(join(folder, name))).ino))
  assert.deepEqual(kept, times, 'finished parts are not made again')
  await requireWhole('resumed.parquet')
  // Published, and everything dies before that is written down.
  await project.kill()
  await project.up()
  const done = await ended(id)
  assert.deepEqual([done.state, done.result], ['done', { rows: ROWS, rejected: 0, samples: [] }])
  await requireWhole('resumed.parquet')
  await until('no leftovers', async () => ((await leftovers()).length === 0 ? true : undefined))
  await tables.write(ridesOf(ROWS), at('million.parquet'))
})

test('a job is cancelled, running or waiting, and leaves nothing', async () => {
  const running = await requested({ input: 'million.parquet', output: 'cancelled.parquet' })
  const waiting = await requested({ input: 'november/rides.csv', output: 'waiting.csv' })
  await until('it to run', async () => ((await job(running.id)).progress === undefined ? undefined : true), 5)
  assert.equal((await ask('POST', `/batch/${waiting.id}/cancel`)).status, 200)
  assert.equal((await ask('POST', `/batch/${running.id}/cancel`)).status, 200)
  assert.deepEqual([(await ended(running.id)).state, (await ended(waiting.id)).state], ['cancelled', 'cancelled'])
  assert.ok(!existsSync(at('cancelled.parquet')) && !existsSync(at('waiting.csv')))
  await until('no leftovers', async () => ((await leftovers()).length === 0 ? true : undefined))
  const again = await ask('POST', `/batch/${running.id}/cancel`)
  assert.equal(again.status, 409)
  assert.equal(Value.Parse(Failure, again.body).code, 'batch-ended')
  assert.equal((await ask('GET', '/batch/none-b1')).status, 404)
})

test('a job whose rows do not fit fails with the reason, and writes nothing', async () => {
  await writeFile(at('short.csv'), 'ride\na\n')
  const { id } = await requested({ input: 'short.csv', output: 'short-scored.csv' })
  const failed = await ended(id)
  assert.equal(failed.state, 'failed')
  assert.equal(failed.error?.code, 'batch-input-unfit')
  assert.match(failed.error.message, /it has no column distance, vehicle/)
  assert.deepEqual(failed.error.faults?.map(({ path }) => path), ['distance', 'vehicle'])
  assert.equal(existsSync(at('short-scored.csv')), false)
})

test('a job whose model hangs at a row fails with the row, and the next one is carried', async () => {
  const rows = Array.from({ length: 10 }, (_, index) => `r${index},${index === 7 ? STRANGE.hang : index},car`)
  await writeFile(at('hangs.csv'), `ride,distance,vehicle\n${rows.join('\n')}\n`)
  const hangs = await requested({ input: 'hangs.csv', output: 'hangs-scored.csv' })
  const next = await requested({ input: 'november/rides.csv', output: 'next.csv' })
  const failed = await ended(hangs.id)
  assert.deepEqual([failed.state, failed.error?.code], ['failed', 'batch-rows-hang'])
  // Of one row, then two, then four, then those that are left.
  assert.match(failed.error?.message ?? '', /did not answer rows 8 to 10 of hangs\.csv within 10 seconds/)
  assert.equal((await ended(next.id)).state, 'done')
  await until('no leftovers', async () => ((await leftovers()).length === 0 ? true : undefined))
})

test('a job reads and writes plain files below its folder alone, however their paths are written', async () => {
  await writeFile(join(project.folder, 'secret.csv'), 'ride,distance,vehicle\na,1,car\n')
  await symlink(join(project.folder, 'secret.csv'), at('link.csv'))
  await symlink(project.folder, at('up'))
  await promisify(execFile)('mkfifo', [at('pipe.csv')])
  const input = 'november/rides.csv'
  const output = 'out.csv'
  const outside = ['../secret.csv', '/etc/passwd', 'november/../../secret.csv', '%2e%2e/secret.csv', '%252e%252e%252fsecret.csv', '..%2fsecret.csv', '..\\secret.csv', 'a\u0000b.csv', './rides.csv', 'november//rides.csv', '', 'up/secret.csv', 'link.csv', '.hidden/rides.csv', 'pipe.csv', 'november']
  for (const path of outside) {
    const told = await refused({ input: path, output })
    assert.match(told, /^(403 batch-path-refused|400 request-invalid)/, `${JSON.stringify(path)}: ${told}`)
    assert.ok(!told.includes(project.folder), told)
  }
  for (const path of [...outside.slice(0, 11), 'up/stolen.csv', '.hidden.csv']) {
    const told = await refused({ input, output: path })
    assert.match(told, /^(403 batch-path-refused|400 request-invalid)/, `${JSON.stringify(path)}: ${told}`)
  }
  assert.match(await refused({ input: 'absent.csv', output }), /^422 file-unreadable batch\/absent.csv cannot be read: it is not there/)
  assert.match(await refused({ input, output: 'absent/out.csv' }), /^422 file-unwritable/)
  assert.match(await refused({ input, output: 'november/rides.csv' }), /^409 output-exists batch\/november\/rides.csv/)
  assert.match(await refused({ input, output: 'out.exe' }), /^422 batch-output-unknown/)
  assert.match(await refused({ input, output, version: 9 }), /^404 not-found/)
  assert.match(await refused({ input, output, more: 1 }), /^400 request-invalid/)
  // A link under the output's name is replaced, and not written through.
  const { id } = await requested({ input, output: 'link.csv', overwrite: true })
  assert.equal((await ended(id)).state, 'done')
  assert.equal(await readFile(join(project.folder, 'secret.csv'), 'utf8'), 'ride,distance,vehicle\na,1,car\n')
  assert.equal((await readFile(at('link.csv'), 'utf8')).trim().split('\n').length, 1001)
})

test('two jobs never write one output', async () => {
  const first = await requested({ input: 'million.parquet', output: 'one.parquet' })
  assert.match(await refused({ input: 'november/rides.csv', output: 'one.parquet' }), /^409 conflict .*is to write one\.parquet already/)
  assert.equal((await ended(first.id)).state, 'done')
  assert.match(await refused({ input: 'november/rides.csv', output: 'one.parquet' }), /^409 output-exists/)
})
