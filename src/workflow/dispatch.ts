import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import { openRuns } from '../runs/queries.js'
import type { Durable, WorkflowLog } from './durable.js'
import { RunCancelled } from './stage.js'

export interface DispatchOptions {
  readonly database: Database
  readonly clock: Clock
  readonly durable: Durable
  /** How many runs are executed at once here. */
  readonly concurrency: number
  readonly log: WorkflowLog
}

/**
 * One look at the work there is: active runs that nobody executes are taken up again, waiting ones are started when
 * their model is free, and those asked to end are aborted.
 */
export async function dispatch({ database, durable, concurrency }: DispatchOptions): Promise<void> {
  const open = await openRuns(database)
  const busy = new Set(open.filter((run) => run.state === 'active').map((run) => run.model))
  for (const run of open) {
    const executing = durable.executing()
    if (run.cancelRequested) durable.abort(run.id, new RunCancelled('The run was cancelled.'))
    if (executing.has(run.id)) continue
    if (run.state === 'waiting' && busy.has(run.model)) continue
    if (executing.size >= concurrency) continue
    busy.add(run.model)
    await durable.start(run.id)
  }
}

const INTERVAL_MS = 500

/** Dispatches at every hint and every half second. */
export function startDispatcher(options: DispatchOptions): HintedLoop {
  return startHintedLoop(options.clock, async () => {
    try {
      await dispatch(options)
    } catch (error) {
      if (!isOutage(error)) options.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    return INTERVAL_MS
  })
}
