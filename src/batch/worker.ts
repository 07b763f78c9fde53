import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import { JobCancelled } from './carry-job.js'
import { openJobs, type BatchJob } from './jobs.js'

export interface BatchWorkerOptions {
  readonly database: Database
  readonly clock: Clock
  /** Carries a job to its end. Rejects only when the program stops. */
  readonly carry: (job: BatchJob, signal: AbortSignal) => Promise<void>
  readonly log: { error(message: string): void }
}

const LOOK_EVERY_MS = 500

interface Carried {
  readonly controller: AbortController
  readonly ended: Promise<void>
}

/**
 * Carries batch jobs until stopped, one at a time, for they are to leave room for runs and serving. The rows say which
 * there are: one that was being carried when everything died is carried on like one that waits.
 */
export function startBatchWorker({ database, clock, carry, log }: BatchWorkerOptions): HintedLoop {
  const carried = new Map<string, Carried>()
  const report = (error: unknown): void => {
    if (!isOutage(error)) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  let stopping = false
  const begin = (job: BatchJob): void => {
    const controller = new AbortController()
    const ended = carry(job, controller.signal)
      .catch((error: unknown) => {
        if (!stopping) report(error)
      })
      .finally(() => {
        carried.delete(job.id)
        loop.hint()
      })
    carried.set(job.id, { controller, ended })
  }
  const loop = startHintedLoop(clock, async () => {
    try {
      for (const job of await openJobs(database)) {
        if (carried.size === 0 && !stopping) begin(job)
        if (job.cancelRequested) {
          // One that waits is begun, too, to be ended in the one way there is.
          if (!carried.has(job.id) && !stopping) begin(job)
          carried.get(job.id)?.controller.abort(new JobCancelled('The job was cancelled.'))
        }
      }
    } catch (error) {
      report(error)
    }
    return LOOK_EVERY_MS
  })
  return {
    hint: loop.hint,
    stop: async () => {
      stopping = true
      for (const { controller } of carried.values()) controller.abort(new Error('The program is stopping.'))
      await loop.stop()
      await Promise.all([...carried.values()].map(({ ended }) => ended))
    },
  }
}
