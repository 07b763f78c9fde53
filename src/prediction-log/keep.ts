import { isOutage } from '../database/outage.js'
import { predictionLogOf } from '../define/resolve-prediction-log.js'
import { RefitError } from '../errors.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import { getModel } from '../registry/models.js'
import { removeFeedback } from './feedback.js'
import { filesUntil, forgetFile, modelsWithLog } from './files.js'
import { shipSpooled, type ShipRooms } from './ship.js'

const SHIP_EVERY_MS = 60_000
const FILES_AT_ONCE = 100

/** Removes what has been kept for as long as its model says; of a model that logs no more, all of it. The object goes first: what is to be gone is gone. */
export async function removeOld({ database, objects, clock }: Pick<ShipRooms, 'database' | 'objects' | 'clock'>): Promise<void> {
  for (const name of await modelsWithLog(database)) {
    // Also where it has been taken out of the project.
    const { definition } = await getModel(database, name)
    const until = new Date(clock.now().getTime() - (predictionLogOf(definition)?.keepMilliseconds ?? 0))
    for (;;) {
      const old = await filesUntil(database, name, until, FILES_AT_ONCE)
      for (const { number, object } of old) {
        await objects.remove(object)
        await forgetFile(database, number)
      }
      if (old.length < FILES_AT_ONCE) break
    }
    await removeFeedback(database, name, until)
  }
}

/** Brings what serving logs into the object store each minute, and removes what is old, until stopped. What is away is waited for. */
export function startPredictionLog(rooms: ShipRooms & { readonly log: { error(message: string): void } }): HintedLoop {
  const stopping = new AbortController()
  let away = false
  const loop = startHintedLoop(rooms.clock, async () => {
    try {
      await shipSpooled(rooms, stopping.signal)
      await removeOld(rooms)
      away = false
    } catch (error) {
      if (stopping.signal.aborted) return SHIP_EVERY_MS
      const foreseen = isOutage(error) || error instanceof RefitError
      if (!foreseen) rooms.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      else if (!away) rooms.log.warn(`logged predictions stay on local disk for now: ${error instanceof Error ? error.message : String(error)}`)
      away = true
    }
    return SHIP_EVERY_MS
  })
  return {
    hint: loop.hint,
    stop: async () => {
      stopping.abort()
      await loop.stop()
    },
  }
}
