import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../src/database/schema.js'
import { logMetrics } from '../src/tracking/metrics.js'
import { createRun } from '../src/tracking/runs.js'
import { startDatabase } from '../test/support/running-database.js'

const POINTS = Number(process.env['REFIT_BENCH_POINTS'] ?? 200_000)
const KEYS = [1, 50] as const
const RUNS = 4
/** Metrics of runs that have ended, which lie in the same table. */
const SETTLED = 5000
const LOOK_EVERY = 2000
/** What a connection has counted it tells a second later. */
const COUNTED_MS = 2000
const MEGABYTE = 1024 * 1024

/** What a table takes on disk, and how it was written to. */
interface Table {
  readonly heap: number
  readonly indexes: number
  readonly updates: number
  readonly hot: number
  readonly vacuums: number
}

/**
 * What long trainings leave in the table of latest values, where each point updates a row: an index has the values, so that an
 * update with another one needs new entries in every index (it is not HOT), and what it leaves behind waits for a vacuum.
 */
export async function longLog(): Promise<readonly string[]> {
  const lines = [
    `${POINTS.toLocaleString('en-US')} points by log-metric, one by one, from ${RUNS} runs at a time, in a table that has ${SETTLED.toLocaleString('en-US')} rows of runs that have ended. The server vacuums by its defaults.`,
    '',
    '| metrics of each run | points a second | updates | of them HOT | autovacuums | table and indexes before, MB | at their largest | at the end | after one more vacuum |',
    '|---|---|---|---|---|---|---|---|---|',
  ]
  for (const keys of KEYS) {
    const line = await logged(keys)
    console.log(line)
    lines.push(line)
  }
  return lines
}

async function logged(keys: number): Promise<string> {
  const { database, stop } = await startDatabase()
  try {
    await sql`insert into tracking.series (run, key, step, at, value) select 1000000 + i / 5, 'k' || i % 5, 1, 1, random() from generate_series(1, ${SETTLED}::bigint) as i`.execute(database)
    await sql`vacuum full analyze tracking.series`.execute(database)
    const before = await table(database)
    const sizes = [before]
    const began = performance.now()
    const training = async (): Promise<void> => {
      const { id } = await createRun(database, { experiment: '0', name: undefined, user: undefined, startedAt: 1, tags: [] })
      for (let step = 0; step < POINTS / RUNS; step += 1) {
        await logMetrics(database, id, [{ key: `k${step % keys}`, value: Math.sin(step) + 1 / (step + 1), at: step, step, model: undefined, datasetName: undefined, datasetDigest: undefined }], 'anybody')
        if (step % LOOK_EVERY === 0) sizes.push(await table(database))
      }
    }
    await Promise.all(Array.from({ length: RUNS }, training))
    const seconds = (performance.now() - began) / 1000
    await delay(COUNTED_MS)
    const { updates, hot, vacuums } = await table(database)
    sizes.push(await table(database))
    await sql`vacuum tracking.series`.execute(database)
    const largest = sizes.toSorted((one, other) => other.heap + other.indexes - one.heap - one.indexes)[0] ?? before
    return `| ${keys} | ${Math.round(POINTS / seconds)} | ${updates.toLocaleString('en-US')} | ${Math.round((hot / updates) * 100)} % | ${vacuums} | ${sizeOf(before)} | ${sizeOf(largest)} | ${sizeOf(sizes.at(-1) ?? before)} | ${sizeOf(await table(database))} |`
  } finally {
    await stop()
  }
}

async function table(database: Database): Promise<Table> {
  const { rows } = await sql<Table>`
    select pg_relation_size('tracking.series')::float8 as heap, pg_indexes_size('tracking.series')::float8 as indexes,
      n_tup_upd::float8 as updates, n_tup_hot_upd::float8 as hot, autovacuum_count::float8 as vacuums
    from pg_stat_user_tables where schemaname = 'tracking' and relname = 'series'`.execute(database)
  const [found] = rows
  if (found === undefined) throw new Error('there is no table tracking.series')
  return found
}

function sizeOf({ heap, indexes }: Table): string {
  return `${(heap / MEGABYTE).toFixed(1)} + ${(indexes / MEGABYTE).toFixed(1)}`
}
