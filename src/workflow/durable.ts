import { DBOS } from '@dbos-inc/dbos-sdk'
import type { Pool } from 'pg'
import { ProgramStopping } from './stage.js'

/**
 * Durable execution on DBOS. Its tables are a wake-up list: they say which runs to go on with after a crash. What a
 * run is, and how far it has come, stands in `runs` and `stages` alone, and the list can be made again from there.
 */

/** Names the shape of the workflow, not the build: a later release goes on with the runs in progress. */
const WORKFLOW_SHAPE = 'run-1'

export interface WorkflowLog {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export interface DurableOptions {
  /** Connections for DBOS; their commits need not wait for the disk. */
  readonly pool: Pool
  /** Names this executor; the same one recovers its runs by itself. */
  readonly executor: string
  /** Carries a run to its end. Rejects only when the program stops or another process has taken the run over. */
  readonly execute: (run: string, signal: AbortSignal) => Promise<void>
  readonly log: WorkflowLog
}

/** The runs that this process executes. */
export interface Durable {
  /** Starts a run, or goes on with it; does nothing while it is being executed here. */
  start(run: string): Promise<void>
  /** Aborts the signal of a run executed here. */
  abort(run: string, reason: Error): void
  executing(): ReadonlySet<string>
  /** Interrupts what is executed here; it goes on at the next start. */
  stop(): Promise<void>
}

/** Starts DBOS and goes on with what its list names. One at a time in a process, for DBOS is. */
export async function launchDurable({ pool, executor, execute, log }: DurableOptions): Promise<Durable> {
  const executing = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>()
  let stopping = false

  const executeOnce = async (run: string): Promise<void> => {
    const present = executing.get(run)
    if (present !== undefined) return present.done
    if (stopping) throw new ProgramStopping('The program is stopping.')
    const controller = new AbortController()
    const done = execute(run, controller.signal)
    executing.set(run, { controller, done })
    try {
      await done
    } finally {
      executing.delete(run)
    }
  }

  DBOS.setConfig({
    name: 'refit',
    systemDatabasePool: pool,
    systemDatabaseUrl: connectionStringOf(pool),
    executorID: executor,
    applicationVersion: WORKFLOW_SHAPE,
    logger: { info: (entry) => log.info(String(entry)), debug: () => undefined, warn: (entry) => log.warn(String(entry)), error: (entry) => (stopping ? undefined : log.error(String(entry))) },
    tracingEnabled: false,
  })
  const workflow = DBOS.registerWorkflow(executeOnce, { name: 'run', maxRecoveryAttempts: 1_000_000 })
  await DBOS.launch()

  return {
    start: async (run) => {
      if (stopping || executing.has(run)) return
      const listed = await DBOS.getWorkflowStatus(run)
      // DBOS is about to go on with it by itself.
      if (listed?.status === 'PENDING' || listed?.status === 'ENQUEUED') return
      // The list calls a run finished that is not, if the program stopped within it: the row in `runs` is right.
      if (listed !== null) await DBOS.deleteWorkflow(run)
      if (executing.has(run)) return
      const handle = await DBOS.startWorkflow(workflow, { workflowID: run })(run)
      handle.getResult().catch((error: unknown) => {
        if (!stopping) log.warn(`run ${run}: ${error instanceof Error ? error.message : String(error)}`)
      })
    },
    abort: (run, reason) => executing.get(run)?.controller.abort(reason),
    executing: () => new Set(executing.keys()),
    stop: async () => {
      stopping = true
      const reason = new ProgramStopping('The program is stopping.')
      for (const { controller } of executing.values()) controller.abort(reason)
      await Promise.allSettled([...executing.values()].map(({ done }) => done))
      await DBOS.shutdown({ deregister: true })
    },
  }
}

function connectionStringOf(pool: Pool): string {
  return pool.options.connectionString ?? ''
}
