import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { newestWatermark } from '../drops/record.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import type { ObjectStore } from '../objects/object-store.js'
import { appendEvent } from '../runs/event.js'
import type { ListedObject, Source } from '../sources/source.js'
import { recordListed } from './arrival.js'
import { observe, withRecorded, type Sighting } from './settled.js'
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
/** With more announcements than this, one listing costs less. */
const MOST_ANNOUNCED = 1000

/**
 * Looks at a source until stopped, and records what has arrived. Listing is the truth; hints and announcements only
 * hasten it. Each source has a loop of its own, so that a slow one holds up no other.
 */
export function watchSource(options: WatchOptions): HintedLoop & { announce(key: string): void } {
  const { database, objects, clock, model, source, log } = options
  const interval = source.every ?? options.lookEvery
  const ended = new AbortController()
  const announced = new Set<string>()
  let unwatch: (() => Promise<void>) | undefined
  let sightings: ReadonlyMap<string, Sighting> = new Map()
  let failing = false
  /** Time of the next listing; undefined: now. */
  let nextListing: number | undefined
  let gathering = false

  const announce = (key: string): void => {
    announced.add(key)
    loop.hint()
  }
  const listSoon = async (): Promise<void> => {
    if (gathering) return
    gathering = true
    await clock.sleep(GATHER_HINTS_MS, ended.signal).catch(() => undefined)
    gathering = false
    listNow()
  }
  const listNow = (): void => {
    nextListing = undefined
    loop.hint()
  }

  /** Milliseconds until something is to be done here again. */
  const look = async (stopped: AbortSignal): Promise<number> => {
    unwatch ??= await source.watch((key) => (key === undefined ? void listSoon() : announce(key)))
    const now = clock.now().getTime()
    // A clock set back must not put the next listing off until the former time has come again.
    const untilListing = nextListing === undefined ? 0 : Math.min(nextListing - now, interval)
    const keys = [...announced]
    announced.clear()
    const listed = untilListing <= 0 ? undefined : await find(keys)
    if (listed !== undefined && listed.length === 0) return untilListing
    const watermark = await newestWatermark(database, model, source.name)
    if (listed !== undefined) {
      await recordListed(database, objects, clock, model, source, listed, watermark)
      return untilListing
    }
    nextListing = now + interval
    const present = await source.list({ signal: stopped, watermark })
    await waiting.tellOf(present)
    const arrived = present.filter(({ waitsFor }) => waitsFor === undefined)
    const seen = observe(sightings, arrived, now, source.appearsWhole ? 0 : options.settleFor)
    sightings = seen.sightings
    sightings = withRecorded(sightings, await recordListed(database, objects, clock, model, source, seen.settled, watermark))
    if (!seen.unsettled) return interval
    nextListing = undefined
    return options.settleFor
  }

  /** What was announced, as it is now; undefined where only a listing tells. */
  const find = async (keys: readonly string[]): Promise<readonly ListedObject[] | undefined> => {
    if (keys.length === 0) return []
    if (source.find === undefined || !source.appearsWhole || keys.length > MOST_ANNOUNCED) return undefined
    const found: ListedObject[] = []
    for (const key of keys) {
      const object = await source.find(key)
      if (object !== undefined && object.waitsFor === undefined) found.push(object)
    }
    return found
  }

  const tell = async (kind: 'source.failed' | 'source.recovered' | 'source.waiting', data: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    await appendEvent(database, { at: clock.now(), actor: 'arrival', model, kind, data: { source: source.name, ...data } })
  }

  const lookAndTell = async (stopped: AbortSignal): Promise<number> => {
    let pause = interval
    try {
      try {
        pause = await look(stopped)
        if (failing) await tell('source.recovered')
        failing = false
      } catch (error) {
        if (isOutage(error) || stopped.aborted) throw error
        // Whatever was announced is found by the next listing.
        nextListing = undefined
        const message = error instanceof Error ? error.message : String(error)
        if (!failing) await tell('source.failed', { message })
        failing = true
        log.warn(`source ${source.name}: ${message}`)
      }
      await options.onLook()
    } catch (error) {
      nextListing = undefined
      pause = options.lookEvery
      if (!isOutage(error) && !stopped.aborted) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    return pause
  }

  const waiting = createWaitingList(clock, (key, waitsFor) => tell('source.waiting', { key, waitsFor }))
  const loop = startHintedLoop(clock, lookAndTell)
  return {
    announce,
    hint: () => (source.every === undefined ? listNow() : loop.hint()),
    stop: async () => {
      ended.abort()
      await loop.stop()
      await unwatch?.()
    },
  }
}
