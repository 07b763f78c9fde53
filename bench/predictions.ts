import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { untilLive } from '../test/serving/endpoint.js'
import { startPlatform } from '../test/serving/platform.js'
import { loadFor, percentile } from './load.js'
import { median } from './ratio.js'
import { onnxHouses, yggdrasilHouses, type ServedModel } from './served-models.js'

const ROUNDS = Number(process.env['REFIT_BENCH_ROUNDS'] ?? 7)
const SECONDS = Number(process.env['REFIT_BENCH_SECONDS'] ?? 4)
const PROCESSES = (process.env['REFIT_BENCH_PROCESSES'] ?? '1,2').split(',').map(Number)
const LEAST = 0.85
const MOST_P99 = 1.5
const CONNECTIONS_EACH = 8

interface Contender {
  readonly url: string
  readonly path: string
  stop(): Promise<void>
}

/** Answers a second, and the 99th percentile of their times in milliseconds, of each round. */
interface Rounds {
  readonly perSecond: number[]
  readonly p99: number[]
}

/**
 * Predictions through the endpoint, beside the same model behind bare `node:http` and `JSON.parse` in as many processes.
 * Ours gives ids and logs a tenth of the answers, as it does where nobody says otherwise. One load generator of plain sockets; they
 * take turns.
 */
export async function predictions(): Promise<readonly string[]> {
  const python = process.env['REFIT_TEST_PYTHON']
  const models = [await yggdrasilHouses(), ...(python === undefined ? [] : [await onnxHouses(python)])]
  const lines = ['| model | rows | processes | ours, requests/s | bare, requests/s | ratio | at least | ours p99, ms | bare p99, ms | ratio | at most | holds |', '|---|---|---|---|---|---|---|---|---|---|---|---|']
  for (const model of models) {
    for (const processes of PROCESSES) {
      const contenders = [await startOurs(model, processes), await startBare(model, processes)] as const
      try {
        for (const rows of [1, 100]) lines.push(await compare(model, rows, processes, contenders))
      } finally {
        for (const { stop } of contenders) await stop()
      }
    }
  }
  const skipped = python === undefined ? ' ONNX was left out: no REFIT_TEST_PYTHON with scikit-learn and skl2onnx.' : ''
  return [...lines, '', `${ROUNDS} rounds of ${SECONDS} seconds each, taking turns, ${CONNECTIONS_EACH} kept connections a process, load generator on the same machine; medians of the rounds, ratios are medians of the rounds' ratios.${skipped}`]
}

async function compare({ format, rows: asked }: ServedModel, rows: number, processes: number, contenders: readonly [Contender, Contender]): Promise<string> {
  const body = JSON.stringify({ rows: asked.slice(0, rows) })
  const measured: readonly [Rounds, Rounds] = [{ perSecond: [], p99: [] }, { perSecond: [], p99: [] }]
  for (const { url, path } of contenders) await loadFor({ url, path, body, connections: CONNECTIONS_EACH * processes }, 2)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { url, path } = contenders[which]
      const answers = await loadFor({ url, path, body, connections: CONNECTIONS_EACH * processes }, SECONDS)
      const milliseconds = (answers.at(-1)?.due ?? 0) - (answers[0]?.due ?? 0)
      measured[which].perSecond.push((answers.length / milliseconds) * 1000)
      measured[which].p99.push(percentile(answers.map(({ took }) => took), 0.99))
    }
  }
  const [ours, bare] = measured
  const ratio = median(ours.perSecond.map((value, round) => value / (bare.perSecond[round] ?? Number.NaN)))
  const p99 = median(ours.p99.map((value, round) => value / (bare.p99[round] ?? Number.NaN)))
  const holds = ratio >= LEAST && p99 <= MOST_P99
  return `| ${format} | ${rows} | ${processes} | ${median(ours.perSecond).toFixed(0)} | ${median(bare.perSecond).toFixed(0)} | ${ratio.toFixed(2)} | ${LEAST} | ${median(ours.p99).toFixed(2)} | ${median(bare.p99).toFixed(2)} | ${p99.toFixed(2)} | ${MOST_P99} | ${holds ? 'yes' : '**no**'} |`
}

async function startOurs({ format, file, content, signature }: ServedModel, processes: number): Promise<Contender> {
  const platform = await startPlatform('houses')
  const { version } = await platform.addFolder('houses', { format, signature }, (folder) => writeFile(join(folder, file), content))
  await platform.promote('houses', version)
  const { stateFolder, databaseUrl } = platform
  const { url } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [], processes, predictionKey: randomBytes(32).toString('hex'), logs: { houses: { share: 0.1 } } }, '0.1.0')
  await untilLive(url, 'houses', version)
  return {
    url,
    path: '/models/houses/predict',
    stop: async () => {
      await endServing(stateFolder)
      await platform.stop()
    },
  }
}

async function startBare({ format, file, content, signature }: ServedModel, processes: number): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-bench-bare-'))
  await writeFile(join(folder, file), content)
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(new URL('../../bench/bare-server.mjs', import.meta.url)), format, join(folder, file), JSON.stringify(signature.inputs.map(({ name }) => name)), String(processes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data).trim()))
    child.once('exit', () => reject(new Error('the bare server has ended')))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    path: '/',
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
