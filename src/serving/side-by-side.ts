import { RefitError, refitError } from '../errors.js'
import type { Predictor } from '../predictors/predictor.js'
import type { Asking, Desired, LiveModel, LiveSet } from './live-set.js'
import { createTrial, note, noteBoth, resultOf, watch, type Challenger, type Placed, type SeenStep, type Trial, type Watched } from './trial.js'
import type { UncleanEnds } from './unclean-ends.js'

/** Who asks, as far as it decides which version answers. */
export interface Caller extends Asking {
  /** Of a user or a session: whoever shows it again is answered by the same side. */
  readonly key?: string | undefined
  /** Only this version may answer; then nothing of it is compared. */
  readonly version?: number | undefined
}

/** The models that answer, and the versions that are rolled out beside them. */
export interface SideBySide {
  /** As `LiveSet.use`, by the version on whose side the caller is. */
  use<T>(model: string, answer: (live: LiveModel, predictor: Predictor) => Promise<T>, caller?: Caller): Promise<T>
  /** The versions that are rolled out, by model: those that answer. */
  trials(): ReadonlyMap<string, Challenger>
  /**
   * Loads and warms a version beside the champion, or moves it on to another step. Rejects where that fails; noted as failed is
   * one that cannot be loaded, that has ended the process before, or whose package cannot be had for long.
   */
  tryOut(model: string, challenger: Challenger): Promise<void>
  /** Takes the version out that is rolled out beside a champion. Returns whether there was one. */
  endTrial(model: string): boolean
  /** What has been seen of each step that is on, and for the last time of those that have ended since this was asked. */
  takeSeen(): readonly SeenStep[]
}

export interface SideBySideOptions {
  readonly live: LiveSet
  /** Of its own, for the versions that are rolled out: what they do to themselves they do not do to a champion. */
  readonly beside: LiveSet
  /** Where the process is started again after its death. */
  readonly uncleanEnds?: UncleanEnds | undefined
  /** A package that cannot be had fails its version after so long; default 5 minutes. */
  readonly patienceMs?: number
  readonly log: { warn(message: string): void }
}

/** What a package comes from may be away for a while. */
const PATIENCE_MS = 300_000
/** A process may end once for another reason. */
const MOST_UNCLEAN_ENDS = 2
/** Requests that are mirrored to one version at the same time. */
const MOST_MIRRORED = 8

/** Codes of errors: a version was not asked, for it has too much to do; it ended while it was asked. */
const BUSY: ReadonlySet<string> = new Set(['model-busy', 'serving-busy', 'predictor-busy'])
const DEATHS: ReadonlySet<string> = new Set(['predictor-died'])

interface Entry {
  readonly trial: Trial
  /** What `beside` knows it by: grows with every version that is tried out. */
  readonly generation: number
  /** By `performance.now()`. */
  readonly since: number
  loaded: boolean
  mirrored: number
}

/** Starts with nothing rolled out. */
export function createSideBySide({ live, beside, uncleanEnds, patienceMs = PATIENCE_MS, log }: SideBySideOptions): SideBySide {
  const entries = new Map<string, Entry>()
  const ended: SeenStep[] = []
  let generations = 0

  type Answer<T> = (live: LiveModel, predictor: Predictor) => Promise<T>
  const asked = <T>(set: LiveSet, model: string, answer: Answer<T>, asking: Asking): Promise<Watched<T>> => watch((observe) => set.use(model, (of, predictor) => answer(of, observe(of.signature, predictor)), asking))

  /** One that ends by itself while it is asked takes its rollout with it; so does one that ends between two requests, which is looked for where figures are taken. */
  const noteChallenger = (entry: Entry, placed: Placed, { recorded }: Watched<unknown>, write: () => void): void => {
    if (isBusy(recorded.error)) {
      placed.figures.dropped += 1
      return
    }
    write()
    if (recorded.error instanceof RefitError && DEATHS.has(recorded.error.code)) entry.trial.fail(recorded.error.message)
  }

  const mirror = async <T>(model: string, entry: Entry, placed: Placed, answer: Answer<T>, champion: Watched<T>): Promise<void> => {
    try {
      if (entries.get(model) !== entry) return
      // Nobody waits for it.
      const challenger = await asked(beside, model, answer, {})
      noteChallenger(entry, placed, challenger, () => noteBoth(placed, champion.recorded, challenger.recorded))
    } finally {
      entry.mirrored -= 1
    }
  }

  return {
    use: async (model, answer, { key, version, want, place } = {}) => {
      const entry = entries.get(model)
      if (entry?.loaded !== true) return live.use(model, answer, { want, place })
      if (version !== undefined && entry.trial.challenger().version !== version) return live.use(model, answer, { want, place })
      const placed = version === undefined ? entry.trial.place(key) : undefined
      if (placed?.side !== 'champion') {
        // It was let in to the champion.
        place?.giveBack()
        if (placed === undefined) return beside.use(model, answer, { want })
        const challenger = await asked(beside, model, answer, { want })
        noteChallenger(entry, placed, challenger, () => note(placed, 'challenger', challenger.recorded))
        // Nobody is turned away because a version on trial does not keep up.
        return isBusy(challenger.recorded.error) ? live.use(model, answer, { want }) : resultOf(challenger)
      }
      const champion = await asked(live, model, answer, { want, place })
      if (isBusy(champion.recorded.error)) return resultOf(champion)
      if (!placed.mirrored) note(placed, 'champion', champion.recorded)
      else if (entry.mirrored >= MOST_MIRRORED) placed.figures.dropped += 1
      else {
        entry.mirrored += 1
        setImmediate(() => void mirror(model, entry, placed, answer, champion).catch((error: unknown) => log.warn(`${model}: a request could not be mirrored: ${String(error)}`)))
      }
      return resultOf(champion)
    },
    trials: () => new Map([...entries].filter(([, { loaded }]) => loaded).map(([model, { trial }]) => [model, trial.challenger()])),
    tryOut: async (model, challenger) => {
      const known = entries.get(model)
      if (known?.trial.challenger().rollout === challenger.rollout) {
        known.trial.moveTo(challenger)
        if (known.loaded) return
      } else if (known !== undefined) take(model, known)
      generations += 1
      const entry: Entry = known?.trial.challenger().rollout === challenger.rollout ? known : { trial: createTrial(challenger), generation: generations, since: performance.now(), loaded: false, mirrored: 0 }
      entries.set(model, entry)
      const desired: Desired = { model, version: challenger.version, digest: challenger.digest, generation: entry.generation }
      try {
        requireClean(challenger)
        await uncleanEnds?.begin(challenger.rollout)
        await beside.swap(desired)
        entry.loaded = true
      } catch (error) {
        const isLong = performance.now() - entry.since > patienceMs
        if (!(error instanceof RefitError) || isOfVersion(error) || isLong) entry.trial.fail(error instanceof Error ? error.message : String(error))
        throw error
      }
      // It may have ended while it was loaded.
      if (entries.get(model) !== entry && entries.get(model)?.loaded !== true) beside.remove(model)
    },
    endTrial: (model) => {
      const entry = entries.get(model)
      if (entry !== undefined) take(model, entry)
      return entry !== undefined
    },
    takeSeen: () => {
      for (const [model, entry] of entries) failWhereEnded(model, entry)
      return [...ended.splice(0), ...[...entries.values()].flatMap(({ trial }) => trial.seen())]
    },
  }

  /** A worker that was ended for its memory is replaced, and the next request is answered: nobody may have noticed. */
  function failWhereEnded(model: string, { trial, loaded }: Entry): void {
    const reason = loaded ? beside.whyEnded(model) : undefined
    if (reason !== undefined) trial.fail(refitError('predictor-died', { reason }).message)
  }

  function requireClean({ rollout }: Challenger): void {
    const ends = uncleanEnds?.of(rollout) ?? 0
    if (ends >= MOST_UNCLEAN_ENDS) throw refitError('model-unreadable', { reason: `the serving process has ended ${ends} times while it was loaded, or answered` })
  }

  function take(model: string, entry: Entry): void {
    failWhereEnded(model, entry)
    entries.delete(model)
    beside.remove(model)
    void uncleanEnds?.end(entry.trial.challenger().rollout)
    ended.push(...entry.trial.seen())
  }
}

/** It was not asked at all, for too many others are. */
function isBusy(error: unknown): boolean {
  return error instanceof RefitError && BUSY.has(error.code)
}

/** The version itself is at fault, and not what its package was to be fetched from. */
function isOfVersion({ code }: RefitError): boolean {
  return !code.startsWith('s3-') && code !== 'object-missing'
}
