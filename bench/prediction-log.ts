import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { spoolFolderOf } from '../src/roles/state.js'
import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { bytesSpooled } from '../src/predictions/spool.js'
import { untilLive } from '../test/serving/endpoint.js'
import { startPlatform } from '../test/serving/platform.js'
import { loadFor, percentile, perSecondOf } from './load.js'
import { median } from './ratio.js'
import { yggdrasilHouses, type ServedModel } from './served-models.js'

const ROUNDS = Number(process.env['REFIT_BENCH_ROUNDS'] ?? 7)
const SECONDS = Number(process.env['REFIT_BENCH_SECONDS'] ?? 4)
const CONNECTIONS = 8
/** Of the kernel's counts: as `getconf CLK_TCK` says everywhere. */
const TICKS_A_SECOND = 100

/** With nothing, with ids alone, as it is without being asked for, and with everything. */
const forms = [
  { what: 'neither ids nor a log', share: undefined },
  { what: 'ids alone', share: 0 },
  { what: 'a tenth logged, the default', share: 0.1 },
  { what: 'everything logged', share: 1 },
] as const

interface Contender {
  readonly what: string
  readonly url: string
  readonly stateFolder: string
  readonly perSecond: number[]
  readonly p99: number[]
  /** Processor time that the process took for one answer, microseconds. */
  readonly processor: number[]
  answers: number
  readonly pid: number
  stop(): Promise<void>
}

/** What ids and the prediction log cost a request of one row and of a hundred, beside an endpoint without both. */
export async function predictionLog(): Promise<readonly string[]> {
  const houses = await yggdrasilHouses()
  const lines = ['| rows | endpoint | requests/s | ratio | p99, ms | ratio | processor time a request, µs | ratio | bytes a row on local disk |', '|---|---|---|---|---|---|---|---|---|']
  for (const rows of [1, 100]) {
    const contenders: Contender[] = []
    try {
      for (const { what, share } of forms) contenders.push(await start(houses, what, share))
      await measure(contenders, JSON.stringify({ rows: houses.rows.slice(0, rows) }))
      const [plain] = contenders
      for (const contender of contenders) lines.push(`| ${rows} | ${contender.what} | ${median(contender.perSecond).toFixed(0)} | ${ratio(contender.perSecond, plain?.perSecond)} | ${median(contender.p99).toFixed(2)} | ${ratio(contender.p99, plain?.p99)} | ${median(contender.processor).toFixed(0)} | ${ratio(contender.processor, plain?.processor)} | ${await bytesARow(contender, rows)} |`)
    } finally {
      for (const { stop } of contenders) await stop()
    }
  }
  return [...lines, '', `Yggdrasil, 18 features. ${ROUNDS} rounds of ${SECONDS} seconds each, taking turns, one serving process, ${CONNECTIONS} kept connections, load generator on the same machine; medians of the rounds, ratios are medians of the rounds' ratios. Bytes are of all answers, also of those that are not logged.`]
}

async function start({ format, signature, leave }: ServedModel, what: string, share: number | undefined): Promise<Contender> {
  const platform = await startPlatform('houses')
  const { version } = await platform.addFolder('houses', { format, signature }, leave)
  await platform.promote('houses', version)
  const { stateFolder, databaseUrl } = platform
  const log = share === undefined ? {} : { predictionKey: randomBytes(32).toString('hex'), logs: share === 0 ? {} : { houses: { share } } }
  const { url, pid } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [], ...log }, '0.1.0')
  await untilLive(url, 'houses', version)
  return {
    what,
    url,
    stateFolder,
    perSecond: [],
    p99: [],
    processor: [],
    answers: 0,
    pid,
    stop: async () => {
      await endServing(stateFolder)
      await platform.stop()
    },
  }
}

async function measure(contenders: readonly Contender[], body: string): Promise<void> {
  const ask = async (contender: Contender, seconds: number): ReturnType<typeof loadFor> => {
    const answers = await loadFor({ url: contender.url, path: '/models/houses/predict', body, connections: CONNECTIONS }, seconds)
    contender.answers += answers.length
    return answers
  }
  for (const contender of contenders) await ask(contender, 2)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const before = await processorSeconds(contender.pid)
      const answers = await ask(contender, SECONDS)
      contender.processor.push(((await processorSeconds(contender.pid)) - before) * 1e6 / answers.length)
      contender.perSecond.push(perSecondOf(answers))
      contender.p99.push(percentile(answers.map(({ took }) => took), 0.99))
    }
  }
}

/** Of all its threads, seconds. */
async function processorSeconds(pid: number): Promise<number> {
  // After the name, which may hold anything, in brackets.
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

async function bytesARow({ stateFolder, answers }: Contender, rows: number): Promise<string> {
  return ((await bytesSpooled(spoolFolderOf(stateFolder))) / (answers * rows)).toFixed(0)
}

function ratio(these: readonly number[], those: readonly number[] | undefined): string {
  return median(these.map((value, round) => value / (those?.[round] ?? Number.NaN))).toFixed(2)
}
