import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { liveIn } from '../test/serving/live-in.js'
import { startPlatform } from '../test/serving/platform.js'
import { loadFor, percentile, type LoadAnswer, type LoadTask } from './load.js'
import { yggdrasilHouses } from './served-models.js'

const SECONDS = Number(process.env['REFIT_BENCH_SECONDS'] ?? 60)
const CALM_SECONDS = Math.min(20, SECONDS)
const TIMES = 10
/** Of what it can answer, where it is unloaded. */
const CALM_SHARE = 0.1
const MOST_TIMES = 2
const CONNECTIONS = 256

/** A model of the user's own that computes for so long: the line then is before its thread. */
const BURN_MS = 5
const burning = `const end = performance.now() + ${BURN_MS}; while (performance.now() < end); return rows.map(() => 1)`

/** Ten times what a model can answer, for a minute: how long those take who are let in, and how soon the others know. */
export async function overload(): Promise<readonly string[]> {
  const houses = await yggdrasilHouses()
  const platform = await startPlatform('burning', 'houses')
  const { stateFolder, databaseUrl } = platform
  try {
    await platform.publish('burning', burning)
    const { version } = await platform.addFolder('houses', houses, houses.leave)
    await platform.promote('houses', version)
    const { url } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')
    for (const model of ['burning', 'houses']) await liveIn(url, model, 1)
    const lines = ['| model | could answer, requests/s | offered | admitted | refused | failed | p99 unloaded, ms | p99 of the admitted, ms | ratio | at most | p99 of the refused, ms | holds |', '|---|---|---|---|---|---|---|---|---|---|---|---|']
    const cases = [
      { what: `a module that computes for ${BURN_MS} ms`, model: 'burning', rows: [{ rooms: 1 }] },
      { what: 'Yggdrasil, 1,000 rows', model: 'houses', rows: houses.rows.slice(0, 1000) },
    ]
    for (const { what, model, rows } of cases) lines.push(await measure(what, { url, path: `/models/${model}/predict`, body: JSON.stringify({ rows }) }))
    return [...lines, '', `${SECONDS} seconds at ${TIMES} times what the model answers at most over 4 connections; unloaded is ${CALM_SHARE * 100} % of that for ${CALM_SECONDS} seconds. One serving process; up to ${CONNECTIONS} connections; load generator on the same machine; times count from when a request was due.`]
  } finally {
    await endServing(stateFolder)
    await platform.stop()
  }
}

async function measure(what: string, task: Pick<LoadTask, 'url' | 'path' | 'body'>): Promise<string> {
  await loadFor({ ...task, connections: 4 }, 3)
  const most = (await loadFor({ ...task, connections: 4 }, 5)).length / 5
  const calm = await loadFor({ ...task, connections: CONNECTIONS, perSecond: most * CALM_SHARE }, CALM_SECONDS)
  const all = await loadFor({ ...task, connections: CONNECTIONS, perSecond: most * TIMES }, SECONDS)
  const [admitted, refused] = [all.filter(({ status }) => status === 200), all.filter(({ status }) => status === 429)]
  const [unloaded, loaded] = [p99(calm), p99(admitted)]
  const failed = all.length - admitted.length - refused.length
  const ratio = loaded / unloaded
  const each = (answers: readonly LoadAnswer[]): string => `${(answers.length / SECONDS).toFixed(0)}/s`
  return `| ${what} | ${most.toFixed(0)} | ${each(all)} | ${each(admitted)} | ${each(refused)} | ${failed} | ${unloaded.toFixed(2)} | ${loaded.toFixed(2)} | ${ratio.toFixed(2)} | ${MOST_TIMES} | ${p99(refused).toFixed(2)} | ${failed === 0 && ratio <= MOST_TIMES ? 'yes' : '**no**'} |`
}

function p99(answers: readonly LoadAnswer[]): number {
  return percentile(
    answers.map(({ took }) => took),
    0.99,
  )
}
