import cluster from 'node:cluster'
import { Value } from 'typebox/value'
import type { ServingMetrics } from '../serving/metrics.js'
import { ToServer, type FromServer } from './serving-words.js'

/** What one of several serving processes has of the process that started it. */
export interface Starter {
  /** Metrics of all processes together, as text. */
  allMetrics(): Promise<string>
  /** It answers at this address; its own metrics are given from now on. */
  answersAt(url: string, metrics: ServingMetrics): void
  /** Calls `end` when the starter has died: another one will be started in its place, with processes of its own. */
  onDeath(end: () => void): void
}

/** For a process that `serveMany` has started. */
export function starter(): Starter {
  const waiting = new Map<number, (text: string) => void>()
  let own: ServingMetrics | undefined
  let last = 0
  const say = (message: FromServer): void => {
    // After its death there is nobody who could hear.
    if (process.connected) process.send?.(message)
  }
  const giveMetrics = async (metrics: ServingMetrics, id: number): Promise<void> => say({ kind: 'metrics', id, values: [...(await metrics.values())] })
  process.on('message', (message: unknown) => {
    if (!Value.Check(ToServer, message)) return
    if (message.kind === 'metrics-wanted') {
      if (own !== undefined) void giveMetrics(own, message.id)
      return
    }
    waiting.get(message.id)?.(message.text)
    waiting.delete(message.id)
  })
  return {
    allMetrics: () =>
      new Promise((resolve) => {
        const id = ++last
        waiting.set(id, resolve)
        say({ kind: 'all-metrics-wanted', id })
      }),
    answersAt: (url, metrics) => {
      own = metrics
      say({ kind: 'listening', url })
    },
    onDeath: (end) => {
      cluster.worker?.once('disconnect', () => {
        // Otherwise Node ends the process at once, with the requests that are under way.
        if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
        end()
      })
    },
  }
}
