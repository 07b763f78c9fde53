import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { newestWatermark } from '../drops/record.js'
import { refitError, type RefitError } from '../errors.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { ListedObject, Source } from '../sources/source.js'
import { createAnnouncers, type FailureOf } from './announcers.js'
import { recordListed, type RecordedListing } from './arrival.js'
import { createRefusals } from './refusals.js'
import { observe, withRecorded, type Sighting } from './settled.js'
import { sourceHealth } from './source-health.js'
import { createWaitingList } from './waiting-list.js'

export interface WatchOptions {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly model: string
  readonly source: Source
  /** Time between two looks when nothing hints at an arrival, milliseconds; a source that looks less often says so. */
  readonly lookEvery: number
  /** How long an object must look the same before it is taken, milliseconds; not where objects appear whole. */
  readonly settleFor: number
  /** Called after each look, whatever it found. */
  readonly onLook: () => Promise<void>
  readonly log: { warn(message: string): void; error(message: string): void }
}

/** Hints come in swarms while a file is written: one look is enough for those of this long. */
const GATHER_HINTS_MS = 100
/** A listing of very many objects takes its time: it may take this share of it, unless something hints at an arrival. */
const SHARE_OF_TIME = 0.1
/** With more announcements than this, one listing costs less. */
const MOST_ANNOUNCED = 1000
/** Announced keys that are looked at side by side. */
const FOUND_AT_ONCE = 8

export interface WatchedSource extends HintedLoop {
  /**
   * Something is said to be there: its present state is looked at. Resolves when that is recorded, or there is nothing
   * to record; rejects when it could not be.
   */
  announce(key: string): Promise<void>
  /** Why the source cannot be read now; undefined if it can, or has not been looked at yet. */
  failure(): SourceFailure | undefined
}

/** A source that cannot be read, and why. */
export interface SourceFailure {
  readonly source: string
  readonly message: string
}

/**
 * Looks at a source until stopped, and records what has arrived. Listing is the truth; hints and announcements only
 * hasten it. Each source has a loop of its own, so that a slow one holds up no other.
 */
export function watchSource(options: WatchOptions): WatchedSource {
  const { database, objects, clock, model, source, log } = options
  const interval = source.every ?? options.lookEvery
  const ended = new AbortController()
  const health = sourceHealth(database, clock, model, source.name)
  const announcers = createAnnouncers()
  let unwatch: (() => Promise<void>) | undefined
  let sightings: ReadonlyMap<string, Sighting> = new Map()
  /** Time of the next listing, and whether somebody asks for it before then. */
  let nextListing = 0
  let asked = true
  /** How long the last one took, and how long the next one was put off then. */
  let took = 0
  let pause = interval
  let gathering = false

  const notLookedAt = (): RefitError => refitError('source-unreadable', { source: source.name, reason: 'it is not looked at any more' })
  const announce = async (key: string): Promise<void> => {
    if (ended.signal.aborted) throw notLookedAt()
    const recorded = announcers.announce(key)
    loop.hint()
    await recorded
  }
  const listSoon = async (): Promise<void> => {
    if (gathering) return
    gathering = true
    await clock.sleep(Math.max(GATHER_HINTS_MS, took), ended.signal).catch(() => undefined)
    gathering = false
    listNow()
  }
  const listNow = (): void => {
    asked = true
    loop.hint()
  }

  const untilListing = (): number => {
    // A clock set back must not put the next listing off until the former time has come again.
    return asked ? 0 : Math.max(0, Math.min(nextListing - clock.now().getTime(), pause))
  }

  const canFind = (keys: readonly string[]): boolean => keys.length === 0 || (source.find !== undefined && source.appearsWhole && keys.length <= MOST_ANNOUNCED)

  /** Lists, and tells how that went: a listing decides how the source does, and when the next one is due, whatever is announced. */
  const list = async (stopped: AbortSignal): Promise<FailureOf> => {
    asked = false
    try {
      const unreadable = await recordListing(stopped)
      const [first] = unreadable.values()
      await (first === undefined ? health.well() : tellFailed(first))
      return (key) => [...unreadable].find(([object]) => key === object || key.startsWith(`${object}/`))?.[1]
    } catch (error) {
      if (isOutage(error) || stopped.aborted) throw error
      pause = interval
      await tellFailed(error)
      return () => error
    } finally {
      nextListing = clock.now().getTime() + pause
    }
  }

  const recordListing = async (stopped: AbortSignal): Promise<RecordedListing['unreadable']> => {
    unwatch ??= await source.watch((key) => void (key === undefined ? listSoon() : announce(key).catch(() => undefined)))
    const watermark = await newestWatermark(database, model, source.name)
    const at = clock.now().getTime()
    const began = performance.now()
    const present = await source.list({ signal: stopped, watermark })
    took = performance.now() - began
    await waiting.tellOf(present)
    await refusals.tellOf(present)
    const arrived = present.filter(({ waitsFor, refused }) => waitsFor === undefined && refused === undefined)
    const seen = observe(sightings, arrived, at, source.appearsWhole ? 0 : options.settleFor)
    sightings = seen.sightings
    const { recorded, unreadable } = await recordListed(database, objects, clock, model, source, seen.settled, watermark)
    sightings = withRecorded(sightings, recorded)
    pause = seen.unsettled ? Math.max(options.settleFor, took) : (source.every ?? Math.max(options.lookEvery, took / SHARE_OF_TIME))
    return unreadable
  }

  const tellFailed = async (error: unknown): Promise<void> => {
    const message = messageOf(error)
    await health.failed(message)
    log.warn(`source ${source.name}: ${message}`)
  }

  /** Records what was announced as it is now. What fails is for its announcer to repeat, and for the next listing to find. */
  const lookAt = async (keys: readonly string[]): Promise<FailureOf> => {
    const failures = new Map<string, unknown>()
    const found: ListedObject[] = []
    for (let from = 0; from < keys.length; from += FOUND_AT_ONCE) {
      const some = keys.slice(from, from + FOUND_AT_ONCE)
      const answers = await Promise.allSettled(some.map(async (key) => source.find?.(key)))
      for (const [index, answer] of answers.entries()) {
        const key = some[index] ?? ''
        if (answer.status === 'rejected') failures.set(key, answer.reason)
        else if (answer.value !== undefined && answer.value.waitsFor === undefined) found.push(answer.value)
      }
    }
    if (found.length > 0) {
      const { unreadable } = await recordListed(database, objects, clock, model, source, found, await newestWatermark(database, model, source.name))
      for (const [key, error] of unreadable) failures.set(key, error)
    }
    for (const [key, error] of failures) log.warn(`source ${source.name}: ${JSON.stringify(key)} was announced, and could not be looked at: ${messageOf(error)}`)
    return (key) => failures.get(key)
  }

  const look = async (stopped: AbortSignal): Promise<void> => {
    const taken = announcers.take()
    try {
      taken.answer(untilListing() <= 0 || !canFind(taken.keys) ? await list(stopped) : await lookAt(taken.keys))
    } catch (error) {
      taken.answer(() => error)
      throw error
    }
  }

  /** Milliseconds until something is to be done here again. */
  const lookAndRequest = async (stopped: AbortSignal): Promise<number> => {
    try {
      await look(stopped)
      await options.onLook()
      return untilListing()
    } catch (error) {
      asked = true
      if (!isOutage(error) && !stopped.aborted) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      return options.lookEvery
    }
  }

  const endWatch = async (): Promise<void> => {
    const end = unwatch
    unwatch = undefined
    await end?.()
  }

  const waiting = createWaitingList(clock, health.waiting)
  const refusals = createRefusals(async (key, why, count) => {
    await health.refused(key, why, count)
    log.warn(`source ${source.name}: ${key} is not taken, for ${why}${count === 1 ? '' : `; nor are ${count - 1} more`}`)
  })
  const loop = startHintedLoop(clock, lookAndRequest)
  return {
    announce,
    failure: () => {
      const message = health.failure()
      return message === undefined ? undefined : { source: source.name, message }
    },
    hint: () => (source.every === undefined ? listNow() : loop.hint()),
    stop: async () => {
      ended.abort()
      // What is being read from it may break off now.
      await endWatch()
      await loop.stop()
      announcers.take().answer(notLookedAt)
      await endWatch()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
