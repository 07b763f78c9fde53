import type { Clock } from '../clock.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import { createTrialFollower } from './follow-trials.js'
import type { Desired, LiveSet, Retired } from './live-set.js'
import type { ServingMetrics } from './metrics.js'
import { createPatientWork } from './patiently.js'
import type { SideBySide } from './side-by-side.js'

export interface FollowOptions {
  readonly live: LiveSet
  readonly sideBySide: SideBySide
  readonly metrics: ServingMetrics
  readonly clock: Clock
  /** What is to serve, as the database says now; rejects while it is away. */
  readonly desired: () => Promise<readonly Desired[]>
  /** The models that are retired; rejects likewise. */
  readonly retired: () => Promise<readonly Retired[]>
  /** Called with what is live, and what is retired, after each change, and again at the next look where it rejects. */
  readonly onChange: (desired: readonly Desired[], retired: readonly Retired[]) => Promise<void>
  readonly log: { info(message: string): void; warn(message: string): void }
}

const POLL_MS = 500
/** A version that cannot be loaded is tried again after this long. */
const RETRY_MS = 5000

/** Brings the live set to what is desired: one look. Says whether every desired version is live. */
export function createFollower({ live, sideBySide, metrics, clock, onChange, log }: Omit<FollowOptions, 'desired' | 'retired'>): (desired: readonly Desired[], retired?: readonly Retired[]) => Promise<boolean> {
  const failed = new Map<string, { readonly generation: number; readonly at: number }>()
  // Whether what is live has changed since it was last told.
  let untold = false
  let refused = false
  let knownRetired = '[]'
  const followTrials = createTrialFollower({ live, sideBySide, clock, log })
  const swapAll = createPatientWork(clock)

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

  const tell = async (retired: readonly Retired[]): Promise<void> => {
    try {
      const trials = sideBySide.trials()
      const now = live.list().map(({ model, version, generation, digest }) => {
        const challenger = trials.get(model)
        return { model, version, generation, digest, ...(challenger === undefined ? {} : { challenger }) }
      })
      await onChange(now, retired)
      untold = false
      refused = false
    } catch (error) {
      // Serving goes on: only a restart without the database would begin with the version before.
      if (!refused) log.warn(`what is live could not be kept for the next start: ${error instanceof Error ? error.message : String(error)}`)
      refused = true
    }
  }

  return async (desired, retired = []) => {
    if (JSON.stringify(retired) !== knownRetired) {
      live.retire(retired)
      knownRetired = JSON.stringify(retired)
      untold = true
    }
    untold = (await swapAll(desired.map((next) => ({ model: next.model, begin: () => swap(next) })))) || untold
    untold = (await followTrials(desired)) || untold
    const wanted = new Set(desired.map(({ model }) => model))
    for (const { model } of live.list()) {
      if (wanted.has(model)) continue
      live.remove(model)
      metrics.removed(model)
      log.info(`${model}: taken out`)
      untold = true
    }
    if (untold) await tell(retired)
    return desired.every(({ model, generation }) => live.list().some((each) => each.model === model && each.generation >= generation))
  }
}

/** Follows the database until stopped: every half second, and at every hint. While it is away, what is live stays live. */
export function startFollowing(options: FollowOptions): HintedLoop {
  const { clock, log } = options
  const follow = createFollower(options)
  let away = false
  return startHintedLoop(clock, async () => {
    try {
      await follow(await options.desired(), await options.retired())
      if (away) log.info('the database is back')
      away = false
    } catch (error) {
      if (!away) log.warn(`the database is away, what is live stays live: ${error instanceof Error ? error.message : String(error)}`)
      away = true
    }
    return POLL_MS
  })
}
