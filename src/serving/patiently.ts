import type { Clock } from '../clock.js'

/** What is to be begun for one model; it says whether it has changed anything. */
export interface Task {
  readonly model: string
  readonly begin: () => Promise<boolean>
}

/** Models for which something is done at the same time. */
const MOST_AT_ONCE = 4
/** What takes longer holds up nobody else. */
const PATIENCE_MS = 2000

/**
 * Does something for many models, of which each may take long: for a few at a time, for each once at a time, and waited for,
 * but not for long. Says whether anything has changed since it was last asked, be it by what was begun then.
 */
export function createPatientWork(clock: Clock): (tasks: readonly Task[]) => Promise<boolean> {
  const underWay = new Map<string, Promise<void>>()
  let changed = false
  /** Of what nobody waited for. */
  const failures: unknown[] = []
  const begin = async ({ model, begin: work }: Task): Promise<void> => {
    try {
      if (await work()) changed = true
    } catch (error) {
      failures.push(error)
    } finally {
      underWay.delete(model)
    }
  }
  return async (tasks) => {
    const done = new AbortController()
    const tooLong = new AbortController()
    const patience = clock.sleep(PATIENCE_MS, done.signal).then(
      () => tooLong.abort(),
      () => undefined,
    )
    for (const task of tasks) {
      while (!tooLong.signal.aborted && underWay.size >= MOST_AT_ONCE) await Promise.race([...underWay.values(), patience])
      if (underWay.size < MOST_AT_ONCE && !underWay.has(task.model)) underWay.set(task.model, begin(task))
    }
    await Promise.race([Promise.all(underWay.values()), patience])
    done.abort()
    if (failures.length > 0) throw failures.splice(0)[0]
    const had = changed
    changed = false
    return had
  }
}
