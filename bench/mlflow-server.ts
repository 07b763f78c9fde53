import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { connect } from '../src/database/connection.js'
import { startEmbeddedServer, stopEmbeddedServer } from '../src/database/embedded/server.js'
import { startPython } from './contenders.js'
import { ourStore, theirStore, type Store } from './mlflow-stores.js'
import { median, timed } from './ratio.js'

const ROUNDS = Number(process.env['REFIT_BENCH_ROUNDS'] ?? 5)
const SECONDS = Number(process.env['REFIT_BENCH_SECONDS'] ?? 4)
const FEW = 1000
const RUNS = Number(process.env['REFIT_BENCH_RUNS'] ?? 100_000)
const POINTS = Number(process.env['REFIT_BENCH_POINTS'] ?? 1_000_000)
const CONNECTIONS = 4
const UPLOAD_BYTES = 100_000_000
const UPLOADS = 3
const LEAST = 3
const LEAST_UPLOAD = 1
const MOST_GROWTH = 1.5
/** Of one request after another, for the time that one takes. */
const ALONE = 200
const ALONE_MS = 20_000

/** A server of MLflow's API, and what has been put into it. */
interface Contender {
  readonly url: string
  readonly store: Store
  stop(): Promise<void>
}

interface Filled {
  /** Experiments with few runs and with many. */
  readonly few: string
  readonly many: string
  /** Runs with few points of a metric and with many. */
  readonly short: string
  readonly long: string
}

/** One kind of request; `count` tells them apart, for what is sent twice is no new point. */
interface Operation {
  readonly what: string
  readonly method: string
  readonly ask: (filled: Filled, count: number) => { readonly path: string; readonly body?: string }
}

const API = '/api/2.0/mlflow'

const logMetric = (of: 'short' | 'long'): Operation['ask'] => (filled, count) => ({ path: `${API}/runs/log-metric`, body: JSON.stringify({ run_id: filled[of], key: 'loss', value: 1 / count, timestamp: 1_800_000_000_000 + count, step: POINTS + count }) })
const logBatch: Operation['ask'] = ({ short }, count) => ({
  path: `${API}/runs/log-batch`,
  body: JSON.stringify({ run_id: short, metrics: Array.from({ length: 1000 }, (_, index) => ({ key: `metric-${index % 10}`, value: index, timestamp: 1_800_000_000_000 + count, step: count * 100 + Math.floor(index / 10) })) }),
})
const search = (of: 'few' | 'many'): Operation['ask'] => (filled) => ({ path: `${API}/runs/search`, body: JSON.stringify({ experiment_ids: [filled[of]], filter: 'metrics.loss < 0.5 and params.depth = "6"', order_by: ['metrics.loss ASC'], max_results: 100 }) })
const history = (of: 'short' | 'long'): Operation['ask'] => (filled) => ({ path: `${API}/metrics/get-history?run_id=${filled[of]}&metric_key=loss&max_results=1000` })

const number = (count: number): string => count.toLocaleString('en')
const operations: Readonly<Record<string, Operation>> = {
  logMetric: { what: 'log-metric, one by one', method: 'POST', ask: logMetric('short') },
  logMetricLong: { what: `log-metric, to a run of ${number(POINTS)} points`, method: 'POST', ask: logMetric('long') },
  logBatch: { what: 'log-batch of 1,000 metrics', method: 'POST', ask: logBatch },
  searchFew: { what: `runs/search, ${number(FEW)} runs`, method: 'POST', ask: search('few') },
  searchMany: { what: `runs/search, ${number(RUNS)} runs`, method: 'POST', ask: search('many') },
  historyShort: { what: `metrics/get-history, 1,000 of ${number(FEW)} points`, method: 'GET', ask: history('short') },
  historyLong: { what: `metrics/get-history, 1,000 of ${number(POINTS)} points`, method: 'GET', ask: history('long') },
}

/**
 * Our server of MLflow's API beside MLflow's own, both on one PostgreSQL server, over plain HTTP.
 * @throws Error without an MLflow that has its server and psycopg2
 */
export async function mlflowServer(): Promise<readonly string[]> {
  const program = process.env['REFIT_TEST_MLFLOW_SERVER']
  if (program === undefined) throw new Error('REFIT_TEST_MLFLOW_SERVER has to name an mlflow with its server and psycopg2')
  const folder = await mkdtemp(join(tmpdir(), 'refit-bench-mlflow-'))
  const postgres = await startEmbeddedServer(join(folder, 'database'))
  const contenders: Contender[] = []
  try {
    contenders.push(await startOurs(postgres.url, folder))
    contenders.push(await startTheirs(program, postgres.url, folder))
    const filled: Filled[] = []
    for (const contender of contenders) filled.push(await fill(contender))
    return [...(await compareRates(contenders, filled)), '', ...(await compareGrowth(contenders, filled)), '', words]
  } finally {
    for (const { stop } of contenders) await stop()
    await postgres.release()
    await stopEmbeddedServer(join(folder, 'database'))
    await rm(folder, { recursive: true, force: true })
  }
}

const words = `${ROUNDS} rounds of ${SECONDS} seconds each, taking turns, ${CONNECTIONS} kept connections; an upload is sent ${UPLOADS} times by each. Medians of the rounds, ratios are medians of the rounds' ratios. One process of ours, MLflow's server with as many workers as it starts by itself; one PostgreSQL server, with the settings that Refit gives its own. Each run has 2 parameters, 3 tags and 2 metrics.`

async function startOurs(serverUrl: string, folder: string): Promise<Contender> {
  const { url: databaseUrl, database, close } = await newDatabase(serverUrl, 'ours')
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/cli/main.js', import.meta.url)), 'mlflow', '--json', '--port', '0', '--state', join(folder, 'ours'), '--database', databaseUrl], { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', () => reject(new Error('refit mlflow has ended')))
  })
  return {
    url: textOf(JSON.parse(line), 'url'),
    store: ourStore(database),
    stop: async () => {
      await close()
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

async function startTheirs(program: string, serverUrl: string, folder: string): Promise<Contender> {
  const { url: databaseUrl, database, close } = await newDatabase(serverUrl, 'theirs')
  const command = (port: number): readonly string[] => [program, 'server', '--backend-store-uri', databaseUrl, '--artifacts-destination', join(folder, 'theirs'), '--host', '127.0.0.1', '--port', String(port)]
  const { url, stop } = await startPython(command, { MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }, `${API}/experiments/search`, () => '')
  return {
    url,
    store: theirStore(database),
    stop: async () => {
      await close()
      await stop()
    },
  }
}

async function newDatabase(serverUrl: string, name: string): Promise<{ readonly url: string; readonly database: Parameters<typeof ourStore>[0]; close(): Promise<void> }> {
  const server = connect(serverUrl, { applicationName: 'bench' })
  await sql`create database ${sql.id(name)}`.execute(server.database)
  await server.close()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const { database, close } = connect(url.href, { applicationName: 'bench' })
  return { url: url.href, database: database.withTables(), close }
}

async function fill({ url, store }: Contender): Promise<Filled> {
  const agent = new Agent({ keepAlive: true })
  const create = async (name: string): Promise<{ experiment: string; run: string }> => {
    const experiment = textOf(await send(agent, url, 'POST', `${API}/experiments/create`, JSON.stringify({ name })), 'experiment_id')
    const made = await send(agent, url, 'POST', `${API}/runs/create`, JSON.stringify({ experiment_id: experiment, start_time: 1_700_000_000_000, run_name: name, tags: [{ key: 'team', value: 'houses' }] }))
    const run = textOf(valueOf(valueOf(made, 'run'), 'info'), 'run_id')
    const metrics = ['loss', 'rmse'].map((key) => ({ key, value: 0.5, timestamp: 1_700_000_000_000, step: 0 }))
    await send(agent, url, 'POST', `${API}/runs/log-batch`, JSON.stringify({ run_id: run, metrics, params: [{ key: 'depth', value: '6' }, { key: 'rate', value: '0.1' }], tags: [{ key: 'kind', value: 'trees' }] }))
    return { experiment, run }
  }
  const [few, many, short, long] = [await create('few'), await create('many'), await create('short'), await create('long')]
  await store.copyRun(few.run, FEW - 1)
  await store.copyRun(many.run, RUNS - 1)
  await store.addPoints(short.run, 'loss', FEW - 1)
  await store.addPoints(long.run, 'loss', POINTS - 1)
  agent.destroy()
  return { few: few.experiment, many: many.experiment, short: short.run, long: long.run }
}

async function compareRates(contenders: readonly Contender[], filled: readonly Filled[]): Promise<readonly string[]> {
  const lines = ['| what | ours, a second | MLflow’s, a second | ratio | at least | holds |', '|---|---|---|---|---|---|']
  const tell = (what: string, rates: readonly (readonly number[])[], least: number, digits: number): void => {
    const [ours = [], theirs = []] = rates
    const ratio = median(ours.map((rate, round) => rate / (theirs[round] ?? Number.NaN)))
    lines.push(`| ${what} | ${median(ours).toFixed(digits)} | ${median(theirs).toFixed(digits)} | ${ratio.toFixed(2)} | ${least} | ${ratio >= least ? 'yes' : '**no**'} |`)
  }
  let count = 0
  const next = (): number => (count += 1)
  for (const operation of Object.values(operations)) tell(operation.what, await inTurn(contenders, ROUNDS, (contender, index) => rateOf(contender, filled[index], operation, next)), LEAST, 1)
  const content = randomBytes(UPLOAD_BYTES)
  const upload = await inTurn(contenders, UPLOADS, async ({ url }) => {
    const agent = new Agent({ keepAlive: true })
    const milliseconds = await timed(() => send(agent, url, 'PUT', `/api/2.0/mlflow-artifacts/artifacts/bench/${next()}/model.bin`, content))
    agent.destroy()
    return 1000 / milliseconds
  })
  tell('upload of 100 MB', upload, LEAST_UPLOAD, 2)
  return lines
}

/** What one request takes where there is little, beside where there is much: of ours, and of MLflow's for comparison. */
async function compareGrowth(contenders: readonly Contender[], filled: readonly Filled[]): Promise<readonly string[]> {
  const lines = ['| one at a time | little, ms | much, ms | ratio | at most | holds | MLflow’s ratio |', '|---|---|---|---|---|---|---|']
  let count = 10_000_000
  const pairs = [['logMetric', 'logMetricLong'], ['historyShort', 'historyLong'], ['searchFew', 'searchMany']] as const
  for (const pair of pairs) {
    const both = pair.map((name) => operations[name])
    const times: number[][][] = contenders.map(() => both.map(() => []))
    for (const [index, { url }] of contenders.entries()) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      // Of a slow server fewer tell as much.
      const until = performance.now() + ALONE_MS
      for (let round = 0; round < ALONE && performance.now() < until; round += 1) {
        for (const [which, operation] of both.entries()) {
          const of = filled[index]
          if (operation === undefined || of === undefined) continue
          count += 1
          const { path, body } = operation.ask(of, count)
          times[index]?.[which]?.push(await timed(() => send(agent, url, operation.method, path, body)))
        }
      }
      agent.destroy()
    }
    const [[little = [], much = []] = [], [theirLittle = [], theirMuch = []] = []] = times
    const ratio = median(much) / median(little)
    lines.push(`| ${both.map((each) => each?.what).join(' → ')} | ${median(little).toFixed(2)} | ${median(much).toFixed(2)} | ${ratio.toFixed(2)} | ${MOST_GROWTH} | ${ratio <= MOST_GROWTH ? 'yes' : '**no**'} | ${(median(theirMuch) / median(theirLittle)).toFixed(2)} |`)
  }
  return lines
}

/** What is measured of each contender in turn, round by round; a first round is not counted. */
async function inTurn(contenders: readonly Contender[], rounds: number, measure: (contender: Contender, index: number) => Promise<number>): Promise<readonly (readonly number[])[]> {
  const measured = contenders.map((): number[] => [])
  for (let round = -1; round < rounds; round += 1) {
    const order = contenders.map((_, index) => (index + round + 1) % contenders.length)
    for (const index of order) {
      const contender = contenders[index]
      if (contender === undefined) continue
      const figure = await measure(contender, index)
      if (round >= 0) measured[index]?.push(figure)
    }
  }
  return measured
}

/** Answers a second over some connections, each asked again as soon as it was answered. */
async function rateOf({ url }: Contender, filled: Filled | undefined, { method, ask }: Operation, next: () => number): Promise<number> {
  if (filled === undefined) throw new Error('nothing has been put in')
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const begun = performance.now()
  let [answers, last] = [0, begun]
  const caller = async (): Promise<void> => {
    while (performance.now() < begun + SECONDS * 1000) {
      const { path, body } = ask(filled, next())
      await send(agent, url, method, path, body)
      answers += 1
      last = performance.now()
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, caller))
  agent.destroy()
  return (answers / (last - begun)) * 1000
}

/** @throws Error when it is answered otherwise than by 200 */
async function send(agent: Agent, url: string, method: string, path: string, body?: string | Buffer): Promise<unknown> {
  const headers = body === undefined ? {} : { 'Content-Type': typeof body === 'string' ? 'application/json' : 'application/octet-stream', 'Content-Length': Buffer.byteLength(body) }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${url}${path}`, { method, agent, headers }, resolve).once('error', reject).end(body)
  })
  const received = await buffer(answer)
  if (answer.statusCode !== 200) throw new Error(`${method} ${path}: ${answer.statusCode} ${received.toString('utf8', 0, 500)}`)
  return typeof body === 'string' ? JSON.parse(received.toString()) : undefined
}

function valueOf(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null ? Object.entries(from).find(([key]) => key === name)?.[1] : undefined
}

function textOf(from: unknown, name: string): string {
  const value = valueOf(from, name)
  if (typeof value !== 'string') throw new Error(`no ${name} in ${JSON.stringify(from).slice(0, 300)}`)
  return value
}
