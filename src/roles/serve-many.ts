import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import { Value } from 'typebox/value'
import { sendSignal } from '../processes/end.js'
import { createCollectedMetrics } from './collected-metrics.js'
import { removeHalfFetched, sharePackages } from './local-packages.js'
import { deadlineOf, type ServingSettings } from './serving-settings.js'
import { FromServer, type ToServer } from './serving-words.js'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000
/** A process that has lived so long was well. */
const WELL_AFTER_MS = 60_000
/** More than the drain takes besides the requests that are under way. */
const MARGIN_MS = 8000

/** Several processes that answer at one address. */
export interface ServingProcesses {
  readonly url: string
  /** Resolves when all have answered what was under way. */
  stop(): Promise<void>
}

/**
 * Starts processes that answer at one port, where each takes connections for itself. One that dies is replaced, after a pause
 * that grows each time; the others go on meanwhile.
 * @throws Error when one ends before the first of them listens; its log says why
 */
export async function serveMany(settings: ServingSettings, log: Logger): Promise<ServingProcesses> {
  await removeHalfFetched(settings.stateFolder)
  const running = new Map<number, Worker>()
  const pauses = new Map<number, number>()
  const timers = new Set<NodeJS.Timeout>()
  let ending = false
  let url: string | undefined
  let begun: ((url: string) => void) | undefined
  let failed: ((error: Error) => void) | undefined

  const metrics = createCollectedMetrics<Worker>()
  const packagesOf = sharePackages(settings.stateFolder, settings.processes ?? 1)
  const note = async (worker: Worker, id: number, noted: Promise<void>): Promise<void> => {
    await noted.catch((error: unknown) => log.warn({ err: error }, 'packages that nobody needs could not be removed'))
    tell(worker, { kind: 'packages-noted', id })
  }
  const hear = (number: number, worker: Worker, message: FromServer): void => {
    switch (message.kind) {
      case 'listening':
        url = message.url
        log.info(`process ${number} of ${settings.processes ?? 1} answers (${worker.process.pid})`)
        return begun?.(message.url)
      case 'metrics':
        return metrics.told(worker, message.values, message.id)
      case 'all-metrics-wanted':
        void metrics.collect(new Set(running.values()), (each, id) => tell(each, { kind: 'metrics-wanted', id })).then((text) => tell(worker, { kind: 'all-metrics', id: message.id, text }))
        return undefined
      case 'package-needed':
        return void note(worker, message.id, packagesOf(number).add(message.digest))
      case 'packages-needed':
        return void note(worker, message.id, packagesOf(number).replace(message.digests))
    }
  }
  const start = (number: number): void => {
    const since = performance.now()
    const worker = cluster.fork({ REFIT_SERVING: JSON.stringify({ ...settings, number }) })
    running.set(number, worker)
    worker.on('message', (message: unknown) => {
      if (Value.Check(FromServer, message)) hear(number, worker, message)
    })
    // Behind everything that it has said.
    worker.once('disconnect', () => metrics.ended(worker))
    worker.once('exit', (code, signal) => {
      running.delete(number)
      if (ending) return
      if (url === undefined) {
        failed?.(new Error(`a process that should serve ended by ${signal ?? code}`))
        return
      }
      if (performance.now() - since > WELL_AFTER_MS) pauses.delete(number)
      const pause = pauses.get(number) ?? FIRST_PAUSE_MS
      pauses.set(number, Math.min(pause * 2, LONGEST_PAUSE_MS))
      log.error(`process ${number} has ended by ${signal ?? code}; another one starts in ${pause / 1000} seconds`)
      const timer = setTimeout(() => {
        timers.delete(timer)
        start(number)
      }, pause)
      timers.add(timer)
    })
  }
  // Handed on by this process, connections on their way to one that dies would hang for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ args: [] })
  const first = new Promise<string>((resolve, reject) => {
    begun = resolve
    failed = reject
  })
  for (let number = 1; number <= (settings.processes ?? 1); number += 1) start(number)
  const listening = await first
  return {
    url: listening,
    stop: async () => {
      ending = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(Array.from(running.values(), (worker) => endWorker(worker, deadlineOf(settings) + MARGIN_MS)))
    },
  }
}

/** Asks a process to end, and ends it where it does not. */
async function endWorker(worker: Worker, withinMs: number): Promise<void> {
  const { pid } = worker.process
  if (pid === undefined) return
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  sendSignal(pid, 'SIGTERM')
  const timer = setTimeout(() => sendSignal(pid, 'SIGKILL'), withinMs)
  await ended
  clearTimeout(timer)
}

function tell(worker: Worker, message: ToServer): void {
  // It may have ended meanwhile.
  if (worker.isConnected()) worker.send(message)
}
