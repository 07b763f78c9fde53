import { sql } from 'kysely'
import { Type } from 'typebox'
import { systemClock } from '../src/clock.js'
import { createPool } from '../src/database/connection.js'
import type { Database } from '../src/database/schema.js'
import { registerModels } from '../src/registry/models.js'
import { claimRun, endRun } from '../src/runs/execution.js'
import { requestRun } from '../src/runs/requests.js'
import { launchDurable } from '../src/workflow/durable.js'
import { createStage } from '../src/workflow/run-stage.js'
import { startDatabase } from '../test/support/running-database.js'
import { modelNamed, projectOf } from '../test/support/stored-models.js'
import { HEAD, line, timed } from './ratio.js'

const STAGES = 300
const WARM_UP = 30
const MOST = 2.5

/**
 * A durable stage boundary beside one durable commit: an empty stage of a real run, as each of the six is; and one insert that is committed to disk. They take turns, on the same server.
 */
export async function stageBoundary(): Promise<readonly string[]> {
  const { database, url, stop } = await startDatabase()
  try {
    await sql`create table bench_commits (number integer primary key, content jsonb not null)`.execute(database)
    return await measure(url, database)
  } finally {
    await stop()
  }
}

async function measure(url: string, database: Database): Promise<readonly string[]> {
  const stages: number[] = []
  const commits: number[] = []
  await registerModels(database, systemClock, projectOf(modelNamed('bench')), 'bench')
  const { run } = await requestRun(database, systemClock, { model: 'bench', cause: { trigger: 'manual', actor: 'bench' } })
  const pool = createPool(url, { applicationName: 'bench-workflows', durable: false })
  let ended: () => void = () => undefined
  const end = new Promise<void>((resolve) => {
    ended = resolve
  })
  const durable = await launchDurable({
    pool,
    executor: 'bench',
    log: { info: () => undefined, warn: () => undefined, error: console.error },
    execute: async (id, signal) => {
      const claim = await claimRun(database, systemClock, id)
      if (claim === undefined) return
      const stage = createStage({ database, clock: systemClock, claim, signal, tokenPrefix: 'bench' })
      for (let number = 0; number < STAGES; number += 1) {
        const boundary = await timed(() => stage(`stage-${number}`, Type.Integer(), () => Promise.resolve({ result: number })))
        const commit = await timed(() => sql`insert into bench_commits values (${number}, ${JSON.stringify({ number })})`.execute(database))
        if (number < WARM_UP) continue
        stages.push(boundary)
        commits.push(commit)
      }
      await endRun(database, systemClock, claim, { outcome: 'unchanged', explanation: 'A measurement.' })
      ended()
    },
  })
  await durable.start(run.id)
  await end
  await durable.stop()
  await pool.end()
  return [...HEAD, line(`a durable stage boundary beside one durable commit (${stages.length} of each, taking turns; medians)`, stages, commits, MOST)]
}
