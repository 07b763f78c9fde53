import { together, togetherAsText } from '../serving/metrics.js'
import type { ToldMetric } from './serving-words.js'

/**
 * The metrics of several processes together. No sum ever falls: what a process has counted that ends is kept, and of one that
 * says nothing what it has said last counts. `P` stands for a process.
 */
export interface CollectedMetrics<P> {
  /** Asks these processes by `ask`, and gives the metrics of all as text. */
  collect(processes: ReadonlySet<P>, ask: (process: P, id: number) => void): Promise<string>
  /** A process has told its metrics; by a number where it was asked for them. */
  told(process: P, values: readonly ToldMetric[], id?: number): void
  /** A process has ended, and will say nothing more. */
  ended(process: P): void
}

/** One that says nothing for so long is not waited for. */
const PATIENCE_MS = 2000
/** What only grows. Of a process that has ended nothing else is left. */
const COUNTED: ReadonlySet<string> = new Set(['counter', 'histogram'])

interface Collection<P> {
  readonly asked: Set<P>
  done(): void
}

export function createCollectedMetrics<P>(): CollectedMetrics<P> {
  const collections = new Map<number, Collection<P>>()
  const known = new Map<P, readonly ToldMetric[]>()
  /** Of those that have ended. */
  let kept: Promise<readonly object[]> = Promise.resolve([])
  let last = 0
  const heard = (collection: Collection<P> | undefined, process: P): void => {
    if (collection?.asked.delete(process) === true && collection.asked.size === 0) collection.done()
  }
  return {
    collect: async (processes, ask) => {
      const id = ++last
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS)
        const done = (): void => {
          clearTimeout(timer)
          resolve()
        }
        collections.set(id, { asked: new Set(processes), done })
        if (processes.size === 0) done()
        for (const process of processes) ask(process, id)
      })
      collections.delete(id)
      const present = [...known.values()]
      return togetherAsText([await kept, ...present])
    },
    told: (process, values, id) => {
      known.set(process, values)
      if (id !== undefined) heard(collections.get(id), process)
    },
    ended: (process) => {
      const counted = known.get(process)?.filter(({ type }) => COUNTED.has(type))
      known.delete(process)
      if (counted !== undefined) kept = kept.then((before) => together([before, counted]))
      for (const collection of collections.values()) heard(collection, process)
    },
  }
}
