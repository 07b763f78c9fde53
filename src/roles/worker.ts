import type { Connection } from '../database/connection.js'
import { createPool } from '../database/connection.js'
import { executeRun } from '../lifecycle/execute-run.js'
import type { Rooms } from '../lifecycle/run.js'
import { waitingObjects } from '../objects/waiting.js'
import { startDispatcher } from '../workflow/dispatch.js'
import { launchDurable, type WorkflowLog } from '../workflow/durable.js'

export interface WorkerOptions {
  readonly connection: Connection
  readonly rooms: Rooms
  /** How many runs are carried at once. */
  readonly concurrency: number
  readonly log: WorkflowLog
}

export interface Worker {
  /** There may be something to do. */
  hint(): void
  stop(): Promise<void>
}

/** Executes runs: durable workflows and the dispatcher that starts them. */
export async function startWorker({ connection, rooms, concurrency, log }: WorkerOptions): Promise<Worker> {
  const pool = createPool(connection.url, { applicationName: 'refit-workflows', durable: false })
  const durable = await launchDurable({
    pool,
    executor: 'control',
    execute: (run, signal) => executeRun({ ...rooms, objects: patiently(rooms, run, signal, log) }, run, signal),
    log,
  })
  const dispatcher = startDispatcher({ database: connection.database, clock: rooms.clock, durable, concurrency, log })
  return {
    hint: dispatcher.hint,
    stop: async () => {
      await dispatcher.stop()
      await durable.stop()
      await pool.end()
    },
  }
}

/** A run waits for the object store as it does for the database, until it is cancelled or the program stops. */
function patiently({ objects, clock }: Rooms, run: string, signal: AbortSignal, log: WorkflowLog): Rooms['objects'] {
  return waitingObjects(objects, {
    clock,
    signal,
    onAway: ({ message }) => log.warn(`run ${run} waits for the object store: ${message}`),
    onBack: () => log.info(`run ${run} goes on: the object store is back`),
  })
}
