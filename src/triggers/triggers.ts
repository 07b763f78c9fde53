import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import type { ObjectStore } from '../objects/object-store.js'
import { expireAwaiting } from '../registry/approval.js'
import { listModels, type RegisteredModel } from '../registry/models.js'
import { retiredError } from '../runs/retired.js'
import type { Source } from '../sources/source.js'
import { deliver, type AnnouncedSource } from './announcements/deliver.js'
import { pollQueue } from './announcements/poll-queue.js'
import { requestRunForDrops } from './arrival.js'
import { noteOverdueDrops } from './overdue.js'
import { fireSchedules } from './schedule.js'
import { watchSource, type SourceFailure, type WatchedSource } from './watched-source.js'

export interface TriggerOptions {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  /** Opens the source of a model; the composition root knows the adapters. */
  readonly openSource: (model: RegisteredModel) => Source
  /** Time between two looks when nothing hints at an arrival, milliseconds. */
  readonly lookEvery: number
  /** How long an object must look the same before it is taken, milliseconds. */
  readonly settleFor: number
  readonly log: { warn(message: string): void; error(message: string): void }
}

export interface Triggers extends HintedLoop {
  /** The sources that can be told of what arrives there; those of retired models refuse it. Waits for the first look at the definitions. */
  announced(): Promise<readonly AnnouncedSource[]>
  /** Why the source of a model cannot be read now; undefined if it can, or is not watched. */
  sourceFailure(model: string): SourceFailure | undefined
}

/** A drop that came while Refit was not running is recorded first; only then it can tell whether one is missing. */
const FIRST_LOOKS_MS = 60_000

interface Watched {
  readonly definitionHash: string
  readonly watching: WatchedSource
  /** Undefined where nothing is announced. */
  readonly announced: AnnouncedSource | undefined
  readonly stop: () => Promise<void>
}

interface Refusing {
  readonly definitionHash: string
  readonly source: AnnouncedSource | undefined
}

/** Watches sources and schedules until stopped. */
export function startTriggers(options: TriggerOptions): Triggers {
  const { database, clock, log } = options
  const watched = new Map<string, Watched>()
  let refusing: ReadonlyMap<string, Refusing> = new Map()
  const startedAt = clock.now().getTime()
  let requesting: Promise<void> = Promise.resolve()
  let sourcesKnown: () => void = () => undefined
  const known = new Promise<void>((resolve) => {
    sourcesKnown = resolve
  })

  /** One after the other: two that look at the same time would both find that a run is missing. */
  const requestRuns = (models: readonly RegisteredModel[]): Promise<void> => {
    const request = async (): Promise<void> => {
      for (const model of models) await requestRunForDrops(database, clock, model)
    }
    const requested = requesting.then(request)
    requesting = requested.catch(() => undefined)
    return requested
  }

  const announcedSources = (): readonly AnnouncedSource[] => [...watched.values()].map(({ announced }) => announced).filter((source) => source !== undefined)

  const watch = (model: RegisteredModel): Watched => {
    const source = options.openSource(model)
    const watching = watchSource({ ...options, model: model.name, source, onLook: () => requestRuns([model]) })
    const { announced } = source
    // What a queue brings may be of any source: several can share one.
    const polling = announced?.queue === undefined ? undefined : pollQueue({ queue: announced.queue, clock, log, deliver: (announcements) => deliver(announcements, announcedSources()) })
    return {
      definitionHash: model.definitionHash,
      watching,
      announced: announced === undefined ? undefined : { announced, announce: watching.announce },
      stop: async () => {
        // What the queue brought is recorded before nobody looks any more.
        await polling?.stop()
        await watching.stop()
      },
    }
  }

  /** Whoever announces something to a retired model is told so; nothing there is looked at. */
  const refuseAnnouncements = (retired: readonly RegisteredModel[]): void => {
    refusing = new Map(
      retired.map((model) => {
        const { name, definitionHash, retired: retirement } = model
        const known = refusing.get(name)
        if (retirement === undefined || known?.definitionHash === definitionHash) return [name, known ?? { definitionHash, source: undefined }]
        const { announced } = options.openSource(model)
        const source = announced === undefined ? undefined : { announced, announce: () => Promise.reject(retiredError(name, retirement)) }
        return [name, { definitionHash, source }]
      }),
    )
  }

  /** Sources that were taken out of the project, or are defined anew, are not looked at any more. */
  const watchAll = async (models: readonly RegisteredModel[]): Promise<void> => {
    const hashes = new Map(models.map(({ name, definitionHash }) => [name, definitionHash]))
    for (const [name, { definitionHash, stop }] of watched) {
      if (hashes.get(name) === definitionHash) continue
      watched.delete(name)
      await stop()
    }
    for (const model of models) if (!watched.has(model.name)) watched.set(model.name, watch(model))
    sourcesKnown()
  }

  let asked = false
  const lookAround = async (stopped: AbortSignal): Promise<number> => {
    const isAsked = asked
    asked = false
    try {
      const all = await listModels(database)
      const models = all.filter(({ retired }) => retired === undefined)
      refuseAnnouncements(all.filter(({ retired }) => retired !== undefined))
      await watchAll(models)
      if (isAsked) for (const { watching } of watched.values()) watching.hint()
      await requestRuns(models)
      await fireSchedules(database, clock, models)
      await expireAwaiting(database, clock)
      if (clock.now().getTime() - startedAt >= FIRST_LOOKS_MS) await noteOverdueDrops(database, clock, models)
    } catch (error) {
      if (!isOutage(error) && !stopped.aborted) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    return options.lookEvery
  }

  const loop = startHintedLoop(clock, lookAround)
  return {
    hint: () => {
      asked = true
      loop.hint()
    },
    announced: () => known.then(() => [...announcedSources(), ...[...refusing.values()].map(({ source }) => source).filter((source) => source !== undefined)]),
    sourceFailure: (model) => watched.get(model)?.watching.failure(),
    stop: async () => {
      await loop.stop()
      await Promise.all([...watched.values()].map(({ stop }) => stop()))
    },
  }
}
