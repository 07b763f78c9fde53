import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { residentBytes } from '../src/processes/proc.js'
import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { liveIn } from '../test/serving/live-in.js'
import { startPlatform, type Platform } from '../test/serving/platform.js'
import { percentile, startLoad, type LoadAnswer } from './load.js'
import { median } from './ratio.js'
import { yggdrasilHouses, type ServedModel } from './served-models.js'

/** Swaps under load, requests to be answered meanwhile, and their rate. */
const SWAPS = Number(process.env['REFIT_BENCH_SWAPS'] ?? 200)
const REQUESTS = Number(process.env['REFIT_BENCH_REQUESTS'] ?? 1_000_000)
const PER_SECOND = Number(process.env['REFIT_BENCH_RATE'] ?? 1500)
/** Swaps of which memory is read after the first and the last; nearly without load. */
const [FIRST, LAST] = [Number(process.env['REFIT_BENCH_MEMORY_FIRST'] ?? 100), Number(process.env['REFIT_BENCH_MEMORY_LAST'] ?? 600)]
const CONNECTIONS = 16
/** After a version has become live, its predecessor is closed. */
const AFTER_MS = 250
const MOST_P99 = 1.5
const MOST_MEMORY = 1.05

/** One swap: when it was asked for, and since when the new version answers, milliseconds since 1970. */
interface Swap {
  readonly version: number
  readonly asked: number
  readonly since: number
}

/**
 * A version in the place of another, again and again, while requests come at a steady rate from a process of their own. A
 * request that waits for a connection has been waiting since it was due. And resident memory of the serving process, after
 * its first hundred swaps and its last.
 */
export async function swap(): Promise<readonly string[]> {
  const model = await yggdrasilHouses()
  const platform = await startPlatform('houses')
  const { stateFolder, databaseUrl } = platform
  try {
    for (let count = 0; count <= Math.max(SWAPS, LAST); count += 1) await addVersion(platform, model, count)
    await platform.promote('houses', 1)
    const { url, pid } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')
    const first = await liveIn(url, 'houses', 1)
    const body = JSON.stringify({ rows: model.rows.slice(0, 1) })
    const load = startLoad({ url, path: '/models/houses/predict', body, connections: CONNECTIONS, perSecond: PER_SECOND })
    const swaps: Swap[] = [{ version: 1, asked: first, since: first }]
    const pause = (REQUESTS / PER_SECOND / SWAPS) * 1000
    let memory: number | undefined
    const next = async (): Promise<void> => {
      const asked = performance.timeOrigin + performance.now()
      const version = swaps.length + 1
      await platform.promote('houses', version)
      swaps.push({ version, asked, since: await liveIn(url, 'houses', version) })
      if (swaps.length - 1 === FIRST) memory = await memoryOf(pid)
    }
    for (let count = 1; count <= SWAPS; count += 1) {
      const begun = performance.now()
      await next()
      await delay(Math.max(0, pause - (performance.now() - begun)))
    }
    const answers = await load.stop()
    const lines = [...headOf(answers, load.failures, swaps), '']
    while (swaps.length <= LAST) await next()
    return [...lines, memoryLine(memory ?? Number.NaN, await memoryOf(pid))]
  } finally {
    await endServing(stateFolder)
    await platform.stop()
  }
}

/** The same model with another note beside it: a package of its own, which is fetched, verified and loaded. All are made before, for who makes one takes from the machine what is measured. */
async function addVersion(platform: Platform, { format, file, content, signature }: ServedModel, count: number): Promise<void> {
  await platform.addFolder('houses', { format, signature }, async (folder) => {
    await writeFile(join(folder, file), content)
    await writeFile(join(folder, 'notes.txt'), `made for swap ${count}\n`)
  })
}

function headOf(answers: readonly LoadAnswer[], failures: readonly string[], swaps: readonly Swap[]): readonly string[] {
  const within: number[] = []
  const steady: number[] = []
  let [outside, at] = [0, 0]
  const sinceOf = new Map(swaps.map(({ version, since }) => [version, since]))
  for (const { due, took, version } of answers.toSorted((a, b) => a.due - b.due)) {
    while ((swaps[at]?.since ?? Infinity) + AFTER_MS < due) at += 1
    const swap = swaps[at]
    if (swap !== undefined && due + took >= swap.asked) within.push(took)
    else steady.push(took)
    // It answered before it was live, or to who asked when its successor was; clocks of the two processes are read in whole milliseconds.
    if (due + took < (sinceOf.get(version) ?? Infinity) - 1 || due > (sinceOf.get(version + 1) ?? Infinity) + 1) outside += 1
  }
  const [swapP99, steadyP99] = [percentile(within, 0.99), percentile(steady, 0.99)]
  const ratio = swapP99 / steadyP99
  return [
    `${answers.length.toLocaleString('en')} requests of one row at ${PER_SECOND} a second over ${swaps.length - 1} swaps of a Yggdrasil model, one serving process; a swap's window begins when its version is promoted and ends ${AFTER_MS} ms after it answers (median ${median(swaps.slice(1).map(({ asked, since }) => since - asked)).toFixed(0)} ms to the answer).`,
    '',
    '| what | figure | at most | holds |',
    '|---|---|---|---|',
    `| failed requests | ${failures.length} | 0 | ${yes(failures.length === 0)} |`,
    `| answered by a version outside of its interval | ${outside} | 0 | ${yes(outside === 0)} |`,
    `| p99 in swap windows (${within.length.toLocaleString('en')} requests): ${swapP99.toFixed(2)} ms, else: ${steadyP99.toFixed(2)} ms; ratio | ${ratio.toFixed(2)} | ${MOST_P99} | ${yes(ratio <= MOST_P99)} |`,
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
