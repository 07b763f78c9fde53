import { refitError } from '../../errors.js'
import type { Announced } from '../../sources/announced.js'
import type { Announcement } from './announcement.js'

/** A source that is watched, and can be told of what is there. */
export interface AnnouncedSource {
  readonly announced: Announced
  /** Resolves when the present state of the object is recorded, or there is nothing to record. */
  announce(key: string): Promise<void>
}

/**
 * Tells each source of what it covers, once for each object; resolves when all of that is recorded. What was removed is
 * left alone, for drops stay.
 * @returns how many objects were looked at
 * @throws the first fault, when everything else is recorded
 */
export async function deliver(announcements: readonly Announcement[], sources: readonly AnnouncedSource[]): Promise<number> {
  const created = announcements.filter(({ kind }) => kind === 'created')
  const looks = sources.flatMap(({ announced, announce }) => {
    // Some servers (Versity) send keys as they are where others encode them: a look at what is not there costs little.
    const keys = new Set(created.flatMap(({ bucket, key, rawKey }) => [key, rawKey].map((each) => announced.keyOf(bucket, each))).filter((key) => key !== undefined))
    return [...keys].map((key) => announce(key))
  })
  const fault = (await Promise.allSettled(looks)).find((look) => look.status === 'rejected')
  if (fault !== undefined) throw fault.reason
  return looks.length
}

/** Counts what is under way, so that a flood is turned away instead of being held in memory. */
export function announcementLimit(most: number): <T>(count: number, work: () => Promise<T>) => Promise<T> {
  let underWay = 0
  return async (count, work) => {
    // One that is larger than the limit by itself is let in when there is no other.
    if (underWay > 0 && underWay + count > most) throw refitError('announcements-busy', { count: underWay })
    underWay += count
    try {
      return await work()
    } finally {
      underWay -= count
    }
  }
}
