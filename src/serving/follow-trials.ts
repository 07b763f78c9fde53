import type { Clock } from '../clock.js'
import type { Desired, LiveSet } from './live-set.js'
import { createPatientWork } from './patiently.js'
import type { SideBySide } from './side-by-side.js'

export interface FollowTrialsOptions {
  readonly live: Pick<LiveSet, 'list'>
  readonly sideBySide: SideBySide
  readonly clock: Clock
  readonly log: { info(message: string): void; warn(message: string): void }
}

/** A version that cannot be had is tried again after this long. */
const RETRY_MS = 5000

/** Brings the versions that are rolled out to what is desired: one look, after the champions'. Says whether anything has changed. */
export function createTrialFollower({ live, sideBySide, clock, log }: FollowTrialsOptions): (desired: readonly Desired[]) => Promise<boolean> {
  const failed = new Map<string, { readonly rollout: string; readonly at: number }>()

  const follow = async ({ model, generation, challenger }: Desired): Promise<boolean> => {
    if (challenger === undefined) {
      // Its callers stay with it until the champion of which it is to make room is there.
      if (!live.list().some((each) => each.model === model && each.generation >= generation) || !sideBySide.endTrial(model)) return false
      log.info(`${model}: nothing is rolled out any more`)
      return true
    }
    if (JSON.stringify(sideBySide.trials().get(model)) === JSON.stringify(challenger)) return false
    const failure = failed.get(model)
    if (failure?.rollout === challenger.rollout && clock.now().getTime() - failure.at < RETRY_MS) return false
    try {
      await sideBySide.tryOut(model, challenger)
      failed.delete(model)
      log.info(`${model}: version ${challenger.version} is rolled out, ${challenger.share === undefined ? 'mirrored' : `share ${challenger.share}`}`)
      return true
    } catch (error) {
      failed.set(model, { rollout: challenger.rollout, at: clock.now().getTime() })
      log.warn(`${model}: version ${challenger.version}, which is to be rolled out, could not be loaded: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }

  const followAll = createPatientWork(clock)
  return async (desired) => {
    const changed = await followAll(desired.map((next) => ({ model: next.model, begin: () => follow(next) })))
    const wanted = new Set(desired.map(({ model }) => model))
    const gone = [...sideBySide.trials().keys()].filter((model) => !wanted.has(model) && sideBySide.endTrial(model))
    return changed || gone.length > 0
  }
}
