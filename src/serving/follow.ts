import type { Clock } from '../clock.js'
import type { Desired, LiveSet } from './live-set.js'
import type { ServingMetrics } from './metrics.js'

export interface FollowOptions {
  readonly live: LiveSet
  readonly metrics: ServingMetrics
  readonly clock: Clock
  /** What is to serve, as the database says now; rejects while it is away. */
  readonly desired: () => Promise<readonly Desired[]>
  /** Called with what is live after each change. */
  readonly onChange: (desired: readonly Desired[]) => Promise<void>
  readonly log: { info(message: string): void; warn(message: string): void }
}

const POLL_MS = 500
/** A version that cannot be loaded is tried again after this long. */
const RETRY_MS = 5000

/** Brings the live set to what is desired: one look. Says whether every desired version is live. */
export function createFollower({ live, metrics, clock, onChange, log }: Omit<FollowOptions, 'desired'>): (desired: readonly Desired[]) => Promise<boolean> {
  const failed = new Map<string, { readonly generation: number; readonly at: number }>()

  const swap = async (next: Desired): Promise<boolean> => {
    const present = live.list().find(({ model }) => model === next.model)
    if (present !== undefined && present.generation >= next.generation) return false
    const failure = failed.get(next.model)
    if (failure?.generation === next.generation && clock.now().getTime() - failure.at < RETRY_MS) return false
    try {
      await live.swap(next)
      failed.delete(next.model)
      metrics.live(next.model, next.version)
      log.info(`${next.model}: version ${next.version} is live`)
      return true
    } catch (error) {
      failed.set(next.model, { generation: next.generation, at: clock.now().getTime() })
      metrics.swapFailed(next.model)
      const kept = present === undefined ? 'nothing serves' : `version ${present.version} stays`
      log.warn(`${next.model}: version ${next.version} could not be loaded, ${kept}: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }

  return async (desired) => {
    let changed = false
    for (const next of desired) changed = (await swap(next)) || changed
    const wanted = new Set(desired.map(({ model }) => model))
    for (const { model } of live.list()) {
      if (wanted.has(model)) continue
      await live.remove(model)
      metrics.removed(model)
      log.info(`${model}: taken out`)
      changed = true
    }
    if (changed) await onChange(live.list().map(({ model, version, generation, digest }) => ({ model, version, generation, digest })))
    return desired.every(({ model, generation }) => live.list().some((each) => each.model === model && each.generation >= generation))
  }
}

/** Follows the database until stopped: every half second, and at every hint. While it is away, what is live stays live. */
export function startFollowing(options: FollowOptions): { hint(): void; stop(): Promise<void> } {
  const { clock, log } = options
  const follow = createFollower(options)
  const stopped = new AbortController()
  let wake: () => void = () => undefined
  let away = false
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const hinted = new Promise<void>((resolve) => {
        wake = resolve
      })
      try {
        await follow(await options.desired())
        if (away) log.info('the database is back')
        away = false
      } catch (error) {
        if (!away) log.warn(`the database is away, what is live stays live: ${error instanceof Error ? error.message : String(error)}`)
        away = true
      }
      await Promise.race([hinted, clock.sleep(POLL_MS, stopped.signal).catch(() => undefined)])
    }
  }
  const done = loop()
  return {
    hint: () => wake(),
    stop: async () => {
      stopped.abort()
      wake()
      await done
    },
  }
}
