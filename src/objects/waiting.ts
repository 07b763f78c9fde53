import type { Clock } from '../clock.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from './object-store.js'

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 30_000

export interface Waiting {
  readonly clock: Clock
  /** Ends the waiting: what was asked for then rejects. */
  readonly signal: AbortSignal
  /** The store is away, or back again. */
  readonly onAway: (error: RefitError) => void
  readonly onBack: () => void
}

/**
 * An object store that is waited for while it is away, like the database: hours of training are not lost to a minute
 * without a network. `put` and `list` do not wait, for a stream can be read once.
 */
export function waitingObjects(objects: ObjectStore, waiting: Waiting): ObjectStore {
  const wait = <T>(work: () => Promise<T>): Promise<T> => throughAbsence(work, waiting)
  return {
    put: objects.put,
    putFile: (prefix, path, ending) => wait(() => objects.putFile(prefix, path, ending)),
    has: (key) => wait(() => objects.has(key)),
    read: (key) => wait(() => objects.read(key)),
    localPath: (key) => wait(() => objects.localPath(key)),
    list: objects.list,
    remove: (key) => wait(() => objects.remove(key)),
  }
}

async function throughAbsence<T>(work: () => Promise<T>, { clock, signal, onAway, onBack }: Waiting): Promise<T> {
  let away = false
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      const done = await work()
      if (away) onBack()
      return done
    } catch (error) {
      if (!(error instanceof RefitError && error.code === 's3-away')) throw error
      if (!away) onAway(error)
      away = true
      await clock.sleep(pause, signal)
    }
  }
}
