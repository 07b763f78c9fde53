import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import type { ObjectStore } from '../objects/object-store.js'
import { listModels, type RegisteredModel } from '../registry/models.js'
import { appendEvent } from '../runs/event.js'
import type { Source } from '../sources/source.js'
import { recordSettled, requestRunsForDrops } from './arrival.js'
import { fireSchedules } from './schedule.js'
import { observe, type Sighting } from './settled.js'

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

interface Watched {
  readonly definitionHash: string
  readonly source: Source
  unwatch: (() => Promise<void>) | undefined
  sightings: ReadonlyMap<string, Sighting>
  failing: boolean
}

/** Watches sources and schedules until stopped. Listing is the truth; file-system events only hasten the next look. */
export function startTriggers(options: TriggerOptions): { hint(): void; stop(): Promise<void> } {
  const { database, objects, clock, log } = options
  const stopped = new AbortController()
  const watched = new Map<string, Watched>()
  let wake: () => void = () => undefined
  const hint = (): void => wake()

  const open = async (model: RegisteredModel): Promise<Watched> => {
    const present = watched.get(model.name)
    if (present?.definitionHash === model.definitionHash) return present
    await present?.unwatch?.()
    const opened: Watched = { definitionHash: model.definitionHash, source: options.openSource(model), unwatch: undefined, sightings: new Map(), failing: false }
    watched.set(model.name, opened)
    return opened
  }

  /** Models that were taken out of the project are not looked at any more. */
  const leaveGone = async (models: readonly RegisteredModel[]): Promise<void> => {
    const present = new Set(models.map(({ name }) => name))
    for (const [name, { unwatch }] of watched) {
      if (present.has(name)) continue
      watched.delete(name)
      await unwatch?.()
    }
  }

  /** Whether something is still being written there. */
  const lookAt = async (model: RegisteredModel): Promise<boolean> => {
    const watching = await open(model)
    const { source } = watching
    const event = { at: clock.now(), actor: 'arrival', model: model.name }
    try {
      watching.unwatch ??= await source.watch(hint)
      const listed = await source.list(stopped.signal)
      const { sightings, settled, unsettled } = observe(watching.sightings, listed, clock.now().getTime(), options.settleFor)
      watching.sightings = sightings
      await recordSettled(database, objects, clock, model.name, source, settled)
      if (watching.failing) await appendEvent(database, { ...event, kind: 'source.recovered', data: { source: source.name } })
      watching.failing = false
      return unsettled
    } catch (error) {
      if (isOutage(error) || stopped.signal.aborted) throw error
      const message = error instanceof Error ? error.message : String(error)
      if (!watching.failing) await appendEvent(database, { ...event, kind: 'source.failed', data: { source: source.name, message } })
      watching.failing = true
      log.warn(`source ${source.name}: ${message}`)
      return false
    }
  }

  /** Milliseconds until the next look. */
  const lookAround = async (): Promise<number> => {
    const models = await listModels(database)
    await leaveGone(models)
    let unsettled = false
    for (const model of models) unsettled = (await lookAt(model)) || unsettled
    await requestRunsForDrops(database, clock, models)
    await fireSchedules(database, clock, models)
    return unsettled ? options.settleFor : options.lookEvery
  }

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      // A hint ends the pause instead of racing it, so that no timer is left behind.
      const hinted = new AbortController()
      wake = () => hinted.abort()
      let pause = options.lookEvery
      try {
        pause = await lookAround()
      } catch (error) {
        if (!isOutage(error) && !stopped.signal.aborted) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      }
      await clock.sleep(pause, hinted.signal).catch(() => undefined)
    }
    for (const { unwatch } of watched.values()) await unwatch?.()
  }
  const done = loop()
  return {
    hint,
    stop: async () => {
      stopped.abort()
      wake()
      await done
    },
  }
}
