import { isOutage } from '../database/outage.js'
import { predictionLogOf } from '../define/resolve-prediction-log.js'
import { RefitError } from '../errors.js'
import { startHintedLoop } from '../hinted-loop.js'
import { bytesSpooled } from '../predictions/spool.js'
import { getModel } from '../registry/models.js'
import { removeFeedback } from './feedback.js'
import { filesUntil, forgetFile, forgetUpload, modelsWithLog, uploadsLeft } from './files.js'
import { shipSpooled, type ShipRooms } from './ship.js'

const LOOK_EVERY_MS = 60_000
/** Brought more often, a model that is asked rarely would have as many objects as rows. Whoever reads has it brought at once. */
const SHIP_EVERY_MS = 10 * 60_000
/** So much is brought at the next look: serving leaves rows out when far more waits. */
const SHIP_BYTES = 64_000_000
const FILES_AT_ONCE = 100

/** Far longer than bringing takes. */
const UPLOAD_MS = 60 * 60_000

/** Removes objects that somebody has put there who died before they had a name: nobody would know them when their time is over. */
export async function removeUnnamed({ database, objects, clock }: Pick<ShipRooms, 'database' | 'objects' | 'clock'>): Promise<void> {
  for (const object of await uploadsLeft(database, new Date(clock.now().getTime() - UPLOAD_MS))) {
    await objects.remove(object)
    await forgetUpload(database, object)
  }
}

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

/** The part of the control server that has the prediction log. */
export interface PredictionLog {
  /** Brings what serving has closed into the object store now. Resolves when it is there, or when it cannot be brought: then it waits on local disk. */
  bring(): Promise<void>
  stop(): Promise<void>
}

/** Brings what serving logs into the object store, and removes what is old, until stopped. What is away is waited for. */
export function startPredictionLog(rooms: ShipRooms & { readonly log: { error(message: string): void } }): PredictionLog {
  const { clock, spoolFolder, log } = rooms
  const stopping = new AbortController()
  let away = false
  let shippedAt = -Infinity
  let shipping: Promise<void> | undefined

  const ship = async (): Promise<void> => {
    await shipSpooled(rooms, stopping.signal)
    shippedAt = clock.now().getTime()
  }
  /** Two at once would take the same files. */
  const shipOnce = async (): Promise<void> => {
    shipping ??= ship().finally(() => {
      shipping = undefined
    })
    return shipping
  }
  /** Tells why it could not be done, of what is away once. */
  const patiently = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      away = false
    } catch (error) {
      if (stopping.signal.aborted) return
      const foreseen = isOutage(error) || error instanceof RefitError
      if (!foreseen) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      else if (!away) log.warn(`logged predictions stay on local disk for now: ${error instanceof Error ? error.message : String(error)}`)
      away = true
    }
  }
  const loop = startHintedLoop(clock, async () => {
    await patiently(async () => {
      if (clock.now().getTime() - shippedAt >= SHIP_EVERY_MS || (await bytesSpooled(spoolFolder)) >= SHIP_BYTES) await shipOnce()
      await removeUnnamed(rooms)
      await removeOld(rooms)
    })
    return LOOK_EVERY_MS
  })
  return {
    bring: () => patiently(shipOnce),
    stop: async () => {
      stopping.abort()
      await loop.stop()
      await shipping?.catch(() => undefined)
    },
  }
}
