import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { newestWatermark } from '../drops/record.js'
import { refitError } from '../errors.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { ListedObject, Source } from '../sources/source.js'
import { recordListed } from './arrival.js'
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
}

/** Whoever announced a key and waits for it to be recorded. */
interface Announcer {
  resolve(): void
  reject(error: unknown): void
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
  let announced = new Map<string, Announcer[]>()
  let unwatch: (() => Promise<void>) | undefined
  let sightings: ReadonlyMap<string, Sighting> = new Map()
  /** Time of the next listing, and whether somebody asks for it before then. */
  let nextListing = 0
  let asked = true
  /** How long the last one took, and how long the next one was put off then. */
  let took = 0
  let pause = interval
  let gathering = false

  const announce = async (key: string): Promise<void> => {
    if (ended.signal.aborted) throw refitError('source-unreadable', { source: source.name, reason: 'it is not looked at any more' })
    const recorded = new Promise<void>((resolve, reject) => {
      const announcers = announced.get(key)
      if (announcers === undefined) announced.set(key, [{ resolve, reject }])
      else announcers.push({ resolve, reject })
    })
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

  /** Milliseconds until something is to be done here again. */
  const look = async (keys: readonly string[], stopped: AbortSignal): Promise<number> => {
    unwatch ??= await source.watch((key) => void (key === undefined ? listSoon() : announce(key).catch(() => undefined)))
    // A clock set back must not put the next listing off until the former time has come again.
    const untilListing = asked ? 0 : Math.min(nextListing - clock.now().getTime(), pause)
    const listed = untilListing <= 0 ? undefined : await find(keys)
    if (listed !== undefined && listed.length === 0) return untilListing
    const watermark = await newestWatermark(database, model, source.name)
    if (listed !== undefined) {
      await recordListed(database, objects, clock, model, source, listed, watermark)
      return untilListing
    }
    asked = false
    const at = clock.now().getTime()
    const began = performance.now()
    const present = await source.list({ signal: stopped, watermark })
    took = performance.now() - began
    await waiting.tellOf(present)
    const arrived = present.filter(({ waitsFor }) => waitsFor === undefined)
    const seen = observe(sightings, arrived, at, source.appearsWhole ? 0 : options.settleFor)
    sightings = seen.sightings
    sightings = withRecorded(sightings, await recordListed(database, objects, clock, model, source, seen.settled, watermark))
    pause = seen.unsettled ? Math.max(options.settleFor, took) : (source.every ?? Math.max(options.lookEvery, took / SHARE_OF_TIME))
    nextListing = clock.now().getTime() + pause
    return pause
  }

  /** What was announced, as it is now; undefined where only a listing tells. */
  const find = async (keys: readonly string[]): Promise<readonly ListedObject[] | undefined> => {
    if (keys.length === 0) return []
    if (source.find === undefined || !source.appearsWhole || keys.length > MOST_ANNOUNCED) return undefined
    const findOne = source.find.bind(source)
    const found: (ListedObject | undefined)[] = []
    for (let from = 0; from < keys.length; from += FOUND_AT_ONCE) {
      found.push(...(await Promise.all(keys.slice(from, from + FOUND_AT_ONCE).map((key) => findOne(key)))))
    }
    return found.filter((object) => object !== undefined).filter(({ waitsFor }) => waitsFor === undefined)
  }

  /** Looks, and tells whoever announced something how that went. */
  const lookForAnnouncers = async (stopped: AbortSignal): Promise<number> => {
    const taken = announced
    announced = new Map()
    const announcers = [...taken.values()].flat()
    try {
      const pause = await look([...taken.keys()], stopped)
      for (const { resolve } of announcers) resolve()
      return pause
    } catch (error) {
      for (const { reject } of announcers) reject(error)
      throw error
    }
  }

  const lookAndTell = async (stopped: AbortSignal): Promise<number> => {
    let next = interval
    try {
      try {
        next = await lookForAnnouncers(stopped)
        await health.well()
      } catch (error) {
        if (isOutage(error) || stopped.aborted) throw error
        // Whatever was announced is found by the next listing.
        pause = interval
        nextListing = clock.now().getTime() + pause
        const message = error instanceof Error ? error.message : String(error)
        await health.failed(message)
        log.warn(`source ${source.name}: ${message}`)
      }
      await options.onLook()
    } catch (error) {
      asked = true
      next = options.lookEvery
      if (!isOutage(error) && !stopped.aborted) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    return next
  }

  const endWatch = async (): Promise<void> => {
    const end = unwatch
    unwatch = undefined
    await end?.()
  }

  const waiting = createWaitingList(clock, health.waiting)
  const loop = startHintedLoop(clock, lookAndTell)
  return {
    announce,
    hint: () => (source.every === undefined ? listNow() : loop.hint()),
    stop: async () => {
      ended.abort()
      // What is being read from it may break off now.
      await endWatch()
      await loop.stop()
      for (const { reject } of [...announced.values()].flat()) reject(refitError('source-unreadable', { source: source.name, reason: 'it is not looked at any more' }))
      await endWatch()
    },
  }
}
