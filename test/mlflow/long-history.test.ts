import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { PAGE_POINTS } from '../../src/tracking/metric-history.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { ask, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

const api = '/api/2.0/mlflow'
const MANY = 1_000_000
/** What a garbage collector may leave lying about. All points at once are several times as much. */
const MOST_GROWTH = 128 * 1024 * 1024

let database: RunningDatabase
let server: RunningMlflow
before(async () => {
  database = await startDatabase()
  server = await startRefitMlflow({ arguments: ['--database', database.url] })
})
after(async () => {
  await server.stop()
  await database.stop()
})

const Created = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) })
const History = Type.Object({ metrics: Type.Array(Type.Object({ key: Type.String(), value: Type.Union([Type.Number(), Type.String()]), timestamp: Type.Number(), step: Type.Number() })), next_page_token: Type.Optional(Type.String()) })

/** The address of a history of so many points: the i-th, from 0 on, at that time, step i and value i / 2. */
async function historyOf(points: number, at: string): Promise<string> {
  const { body } = await ask(server.url, 'POST', `${api}/runs/create`, { experiment_id: '0' })
  const run = Value.Parse(Created, body).run.info.run_id
  assert.equal((await ask(server.url, 'POST', `${api}/runs/log-metric`, { run_id: run, key: 'loss', value: 0, timestamp: 0 })).status, 200)
  const series = sql`(select series.id from tracking.series join tracking.runs on runs.number = series.run where runs.id = ${run})`
  await sql`delete from tracking.points where series = ${series}`.execute(database.database)
  await sql`insert into tracking.points (series, at, step, value) select ${series}, ${sql.raw(at)}, i, i / 2.0 from generate_series(0, ${points - 1}::bigint) as i`.execute(database.database)
  return `${api}/metrics/get-history?run_id=${run}&metric_key=loss`
}

async function peakOfServer(): Promise<number> {
  const status = await readFile(`/proc/${server.process.pid ?? 0}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024
}

/** The head of an answer that nobody takes. */
function unread(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${server.url}${path}`, { agent: false }, resolve).once('error', reject)
  })
}

test('a million points are told whole while the server holds a page of them, also where somebody takes none', async (context) => {
  const path = await historyOf(MANY, 'i')
  await ask(server.url, 'GET', await historyOf(3 * PAGE_POINTS, 'i'))
  const short = await ask(server.url, 'GET', await historyOf(1, 'i'))
  const before = await peakOfServer()
  const stalled = await unread(path)
  const { status, text, headers } = await ask(server.url, 'GET', path)
  stalled.destroy()
  const growth = (await peakOfServer()) - before
  assert.deepEqual([status, headers.get('content-type')], [200, short.headers.get('content-type')])
  const { metrics, next_page_token: token } = Value.Parse(History, JSON.parse(text))
  assert.deepEqual([metrics.length, token], [MANY, undefined])
  assert.equal(metrics.findIndex(({ key, value, timestamp, step }, index) => key !== 'loss' || value !== index / 2 || timestamp !== index || step !== index), -1)
  context.diagnostic(`the server has grown by ${Math.round(growth / 1024 / 1024)} MiB`)
  assert.ok(growth < MOST_GROWTH, `the server has grown by ${Math.round(growth / 1024 / 1024)} MiB`)
})

test('what is told in several pages is what one message would tell, to the last point of a nanosecond', async () => {
  const points = 2 * PAGE_POINTS + 1
  // Numbers of JavaScript tell only every 256th of these apart.
  const path = await historyOf(points, '1700000000000000000 + i')
  const { text } = await ask(server.url, 'GET', path)
  const expected = Array.from({ length: points }, (_, step) => ({ key: 'loss', value: step / 2, timestamp: Number(1_700_000_000_000_000_000n + BigInt(step)), step }))
  assert.equal(text, JSON.stringify({ metrics: expected }))

  const most = PAGE_POINTS + 10
  const first = Value.Parse(History, (await ask(server.url, 'GET', `${path}&max_results=${most}`)).body)
  assert.deepEqual(first.metrics, expected.slice(0, most))
  const second = await ask(server.url, 'GET', `${path}&max_results=${points - most}&page_token=${first.next_page_token ?? ''}`)
  assert.equal(second.text, JSON.stringify({ metrics: expected.slice(most) }), 'of a page that is full and the last, no other one follows')
})

test('what the first page fails with is an answer like any other', async () => {
  const { status, text } = await ask(server.url, 'GET', `${api}/metrics/get-history?run_id=nobody&metric_key=loss`)
  assert.deepEqual([status, text.includes('RESOURCE_DOES_NOT_EXIST')], [404, true])
})
