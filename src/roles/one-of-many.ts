import cluster from 'node:cluster'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'
import type { ServingMetrics } from '../serving/metrics.js'
import type { NeededPackages } from './local-packages.js'
import { ToldMetric, ToServer, type FromServer } from './serving-words.js'

/** What one of several serving processes has of the process that started it. */
export interface Starter {
  /** Metrics of all processes together, as text. @throws RefitError `metrics-away` */
  allMetrics(): Promise<string>
  /** Whom to tell which packages it needs. */
  readonly packages: NeededPackages
  /** It answers at this address; its own metrics are given from now on. */
  answersAt(url: string, metrics: ServingMetrics): void
  /** Tells what it has counted, for the last time. */
  lastMetrics(): Promise<void>
  /** Calls `end` when the starter has died: another one will be started in its place, with processes of its own. */
  onDeath(end: () => void): void
}

/** More than the starter waits for the slowest process. */
const ANSWER_MS = 5000
/** So old is at most what is known of a process that is killed. */
const TELL_METRICS_MS = 1000

interface Waiting {
  heard(text: string): void
  /** The starter has died, or says nothing. */
  lost(): void
}

/** For a process that `serveMany` has started. */
export function starter(): Starter {
  const waiting = new Map<number, Waiting>()
  let own: ServingMetrics | undefined
  let last = 0
  const say = (message: FromServer, said?: () => void): void => {
    // After its death there is nobody who could hear.
    if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, () => said?.())
    else said?.()
  }
  const giveMetrics = async (metrics: ServingMetrics, id?: number): Promise<void> => {
    const values = await metrics.values()
    if (!Value.Check(Type.Array(ToldMetric), values)) throw new Error('metrics of another form than prom-client gives')
    await new Promise<void>((resolve) => say({ kind: 'metrics', ...(id === undefined ? {} : { id }), values }, resolve))
  }
  /** What the starter answers; undefined where it does not. */
  const ask = (question: (id: number) => FromServer): Promise<string | undefined> =>
    new Promise((resolve) => {
      if (!process.connected) return resolve(undefined)
      const id = ++last
      const settle = (text: string | undefined): void => {
        clearTimeout(timer)
        waiting.delete(id)
        resolve(text)
      }
      const timer = setTimeout(() => settle(undefined), ANSWER_MS)
      waiting.set(id, { heard: settle, lost: () => settle(undefined) })
      say(question(id))
    })
  process.on('message', (message: unknown) => {
    if (!Value.Check(ToServer, message)) return
    if (message.kind === 'metrics-wanted') {
      if (own !== undefined) void giveMetrics(own, message.id)
      return
    }
    waiting.get(message.id)?.heard(message.kind === 'all-metrics' ? message.text : '')
  })
  process.on('disconnect', () => {
    for (const { lost } of waiting.values()) lost()
  })
  return {
    allMetrics: async () => {
      const text = await ask((id) => ({ kind: 'all-metrics-wanted', id }))
      // Its own alone would be less than what was told before.
      if (text === undefined) throw refitError('metrics-away', {})
      return text
    },
    // Who does not answer removes nothing either.
    packages: {
      add: async (digest) => void (await ask((id) => ({ kind: 'package-needed', id, digest }))),
      replace: async (digests) => void (await ask((id) => ({ kind: 'packages-needed', id, digests: [...digests] }))),
    },
    answersAt: (url, metrics) => {
      own = metrics
      say({ kind: 'listening', url })
      setInterval(() => void giveMetrics(metrics), TELL_METRICS_MS).unref()
    },
    lastMetrics: async () => {
      if (own !== undefined) await giveMetrics(own)
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
