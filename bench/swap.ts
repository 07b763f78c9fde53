import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock as clock } from '../src/clock.js'
import { residentBytes } from '../src/processes/proc.js'
import { registerModels } from '../src/registry/models.js'
import { getRollout } from '../src/registry/rollout.js'
import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { conductorOf, deployment } from '../test/rollouts/bad-versions.js'
import { liveIn } from '../test/serving/live-in.js'
import { startPlatform, type Platform } from '../test/serving/platform.js'
import { modelNamed, projectOf } from '../test/support/stored-models.js'
import { loadFor, percentile, startLoad, type LoadAnswer } from './load.js'
import { median } from './ratio.js'
import { yggdrasilHouses, type ServedModel } from './served-models.js'

/** Swaps under load, requests to be answered meanwhile, and their rate. */
const SWAPS = Number(process.env['REFIT_BENCH_SWAPS'] ?? 200)
const ROLLOUTS = Number(process.env['REFIT_BENCH_ROLLOUTS'] ?? 20)
const REQUESTS = Number(process.env['REFIT_BENCH_REQUESTS'] ?? 1_000_000)
const PER_SECOND = Number(process.env['REFIT_BENCH_RATE'] ?? 1500)
/** Swaps of which memory is read after the first and the last; nearly without load. */
const [FIRST, LAST] = [Number(process.env['REFIT_BENCH_MEMORY_FIRST'] ?? 100), Number(process.env['REFIT_BENCH_MEMORY_LAST'] ?? 600)]
const CONNECTIONS = 16
/** After a version has become live, its predecessor is closed. */
const AFTER_MS = 250
const MOST_P99 = 1.5
const MOST_MEMORY = 1.05

/** One swap, or rollout: when it was asked for, since when the new version may answer, and since when it alone does, milliseconds since 1970. */
interface Swap {
  readonly version: number
  readonly asked: number
  readonly from: number
  readonly since: number
}

/**
 * A version in the place of another, again and again, at once and then in steps, while requests come at a steady rate from a
 * process of their own. A request that waits for a connection has been waiting since it was due. And resident memory of the
 * serving process, after its first hundred swaps and its last.
 */
export async function swap(): Promise<readonly string[]> {
  const model = await yggdrasilHouses()
  const platform = await startPlatform('houses')
  const { stateFolder, databaseUrl } = platform
  try {
    for (let count = 0; count <= Math.max(SWAPS + ROLLOUTS, LAST); count += 1) await addVersion(platform, model, count)
    await platform.promote('houses', 1)
    const { url, pid } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')
    await liveIn(url, 'houses', 1)
    const body = JSON.stringify({ rows: model.rows.slice(0, 1) })
    const task = { url, path: '/models/houses/predict', body, connections: CONNECTIONS, perSecond: PER_SECOND }
    // A process that has just begun compiles what it does, whatever is swapped.
    await loadFor(task, 10)
    const load = startLoad(task)
    const swaps: Swap[] = [{ version: 1, asked: -Infinity, from: -Infinity, since: -Infinity }]
    const pause = (REQUESTS / PER_SECOND / SWAPS) * 1000
    let memory: number | undefined
    const next = async (): Promise<void> => {
      const asked = performance.timeOrigin + performance.now()
      const version = swaps.length + 1
      await platform.promote('houses', version)
      const since = await liveIn(url, 'houses', version)
      swaps.push({ version, asked, from: since, since })
      if (swaps.length - 1 === FIRST) memory = await memoryOf(pid)
    }
    for (let count = 1; count <= SWAPS; count += 1) {
      const begun = performance.now()
      await next()
      await delay(Math.max(0, pause - (performance.now() - begun)))
    }
    await registerModels(platform.database, clock, projectOf(modelNamed('houses', { deploy: inSteps })), 'bench')
    const conductor = conductorOf(platform)
    for (let count = 1; count <= ROLLOUTS; count += 1) swaps.push(await rollOut(platform, url, swaps.length + 1, count))
    await conductor.stop()
    await registerModels(platform.database, clock, projectOf(modelNamed('houses')), 'bench')
    const answers = await load.stop()
    const lines = [...headOf(answers, load.failures, swaps), '']
    while (swaps.length <= LAST) await next()
    return [...lines, memoryLine(memory ?? Number.NaN, await memoryOf(pid))]
  } finally {
    await endServing(stateFolder)
    await platform.stop()
  }
}

/** A shadow, and two steps; what is compared are equal versions, and chance is not to end it. */
const inSteps = { ...deployment, shadowMilliseconds: 1000, milliseconds: 1000, latency: 50 }

/** @throws Error when the rollout was not carried through */
async function rollOut({ database, promote }: Platform, url: string, version: number, number: number): Promise<Swap> {
  const asked = performance.timeOrigin + performance.now()
  await promote('houses', version)
  for (;;) {
    const { endedAt, state } = await getRollout(database, 'houses', number)
    if (endedAt === undefined) await delay(20)
    else if (state === 'live') return { version, asked, from: asked, since: await liveIn(url, 'houses', version) }
    else throw new Error(`rollout ${number} ended ${state}`)
  }
}

/** The same model with another note beside it: a package of its own, which is fetched, verified and loaded. All are made before, for who makes one takes from the machine what is measured. */
async function addVersion(platform: Platform, { format, signature, leave }: ServedModel, count: number): Promise<void> {
  await platform.addFolder('houses', { format, signature }, async (folder) => {
    await leave(folder)
    await writeFile(join(folder, 'notes.txt'), `made for swap ${count}\n`)
  })
}

function headOf(answers: readonly LoadAnswer[], failures: readonly string[], swaps: readonly Swap[]): readonly string[] {
  const [within, during, steady]: [number[], number[], number[]] = [[], [], []]
  let [outside, at] = [0, 0]
  const byVersion = new Map(swaps.map((each) => [each.version, each]))
  for (const { due, took, version } of answers.toSorted((a, b) => a.due - b.due)) {
    while ((swaps[at]?.since ?? Infinity) + AFTER_MS < due) at += 1
    const swap = swaps[at]
    if (swap !== undefined && due + took >= swap.asked) (swap.from === swap.since ? within : during).push(took)
    else steady.push(took)
    // It answered before it was live, or to who asked when its successor was; clocks of the two processes are read in whole milliseconds.
    if (due + took < (byVersion.get(version)?.from ?? Infinity) - 1 || due > (byVersion.get(version + 1)?.since ?? Infinity) + 1) outside += 1
  }
  const [swapP99, steadyP99] = [percentile(within, 0.99), percentile(steady, 0.99)]
  const ratio = swapP99 / steadyP99
  const atOnce = swaps.slice(1).filter(({ from, since }) => from === since)
  return [
    `${answers.length.toLocaleString('en')} requests of one row at ${PER_SECOND} a second over ${atOnce.length} swaps and ${swaps.length - 1 - atOnce.length} rollouts (shadow, 30 %, 60 %) of a Yggdrasil model, one serving process; a swap's window begins when its version is promoted and ends ${AFTER_MS} ms after it answers (median ${median(atOnce.map(({ asked, since }) => since - asked)).toFixed(0)} ms to the answer).`,
    '',
    '| what | figure | at most | holds |',
    '|---|---|---|---|',
    `| failed requests | ${failures.length} | 0 | ${yes(failures.length === 0)} |`,
    `| answered by a version outside of its interval | ${outside} | 0 | ${yes(outside === 0)} |`,
    `| p99 in swap windows (${within.length.toLocaleString('en')} requests): ${swapP99.toFixed(2)} ms, else: ${steadyP99.toFixed(2)} ms; ratio | ${ratio.toFixed(2)} | ${MOST_P99} | ${yes(ratio <= MOST_P99)} |`,
    `| p99 during rollouts (${during.length.toLocaleString('en')} requests): ${percentile(during, 0.99).toFixed(2)} ms | ${(percentile(during, 0.99) / steadyP99).toFixed(2)} | | |`,
    `| longest in swap windows: ${Math.max(...within.slice(0, 100_000)).toFixed(1)} ms | | | |`,
  ]
}

function memoryLine(first: number, last: number): string {
  const ratio = last / first
  return `Resident memory of the serving process after swap ${FIRST}: ${(first / 1e6).toFixed(0)} MB, after swap ${LAST}: ${(last / 1e6).toFixed(0)} MB; ratio ${ratio.toFixed(3)}, at most ${MOST_MEMORY}: ${yes(ratio <= MOST_MEMORY)}.`
}

/** The median of two seconds, for what is collected when is chance. */
async function memoryOf(pid: number): Promise<number> {
  const readings: number[] = []
  for (let reading = 0; reading < 20; reading += 1) {
    readings.push(await residentBytes([pid]))
    await delay(100)
  }
  return median(readings)
}

function yes(holds: boolean): string {
  return holds ? 'yes' : '**no**'
}
