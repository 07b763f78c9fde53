import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import { Value } from 'typebox/value'
import { sendSignal } from '../processes/end.js'
import { togetherAsText } from '../serving/metrics.js'
import { removeHalfFetched } from './local-packages.js'
import { deadlineOf, type ServingSettings } from './serving-settings.js'
import { FromServer, type ToServer } from './serving-words.js'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000
/** A process that has lived so long was well. */
const WELL_AFTER_MS = 60_000
/** More than the drain takes besides the requests that are under way. */
const MARGIN_MS = 8000
/** One that says nothing is left out of the metrics. */
const METRICS_MS = 2000

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

  const metrics = collectMetrics(running)
  const hear = (number: number, worker: Worker, message: FromServer): void => {
    switch (message.kind) {
      case 'listening':
        url = message.url
        log.info(`process ${number} of ${settings.processes ?? 1} answers (${worker.process.pid})`)
        return begun?.(message.url)
      case 'metrics':
        return metrics.given(worker, message.id, message.values)
      case 'all-metrics-wanted':
        void metrics.collect().then((text) => tell(worker, { kind: 'all-metrics', id: message.id, text }))
        return undefined
    }
  }
  const start = (number: number): void => {
    const since = performance.now()
    const worker = cluster.fork({ REFIT_SERVING: JSON.stringify({ ...settings, number }) })
    running.set(number, worker)
    worker.on('message', (message: unknown) => {
      if (Value.Check(FromServer, message)) hear(number, worker, message)
    })
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

interface Collection {
  readonly asked: Set<Worker>
  readonly values: (readonly object[])[]
  done(): void
}

/** Asks all processes for their metrics, when somebody has asked one of them. */
function collectMetrics(running: ReadonlyMap<number, Worker>): { collect(): Promise<string>; given(worker: Worker, id: number, values: readonly object[]): void } {
  const collections = new Map<number, Collection>()
  let last = 0
  return {
    collect: async () => {
      const id = ++last
      const asked = new Set(running.values())
      const values: (readonly object[])[] = []
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, METRICS_MS)
        collections.set(id, {
          asked,
          values,
          done: () => {
            clearTimeout(timer)
            resolve()
          },
        })
        for (const worker of asked) tell(worker, { kind: 'metrics-wanted', id })
      })
      collections.delete(id)
      return togetherAsText(values)
    },
    given: (worker, id, values) => {
      const collection = collections.get(id)
      if (collection === undefined || !collection.asked.delete(worker)) return
      collection.values.push(values)
      if (collection.asked.size === 0) collection.done()
    },
  }
}
