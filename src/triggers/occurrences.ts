import { Cron } from 'croner'
import type { CatchUp } from '../define/stored-definition.js'

/** An occurrence is on time when it is no older than this; what is older has been missed. */
export const GRACE_MS = 60_000

const MOST_OCCURRENCES = 10_000

/** Occurrences of a cron expression after `after` and up to `until`, in order; at most 10,000. */
export function occurrences(cron: string, timeZone: string, after: Date, until: Date): readonly Date[] {
  const schedule = new Cron(cron, { timezone: timeZone, paused: true })
  const found: Date[] = []
  for (let next = schedule.nextRun(after); next !== null && next <= until && found.length < MOST_OCCURRENCES; next = schedule.nextRun(next)) found.push(next)
  return found
}

/** The next occurrence after an instant, or undefined if there is none. */
export function nextOccurrence(cron: string, timeZone: string, after: Date): Date | undefined {
  return new Cron(cron, { timezone: timeZone, paused: true }).nextRun(after) ?? undefined
}

/**
 * Up to where occurrences are dealt with, as far as that can be believed. A clock set back by less than an occurrence
 * runs nothing twice; one that was further ahead, e.g. years for a moment, must not silence the schedule until then.
 */
export function handledBy(cron: string, timeZone: string, handledUntil: Date, now: Date): Date {
  if (handledUntil <= now) return handledUntil
  const next = nextOccurrence(cron, timeZone, now)
  return next !== undefined && handledUntil > next ? now : handledUntil
}

/** What to do about the occurrences since the last look. */
export interface Firing {
  /** The occurrence to run for, or undefined. */
  readonly fire: Date | undefined
  /** Occurrences that get no run of their own. */
  readonly missed: readonly Date[]
  /** Up to where occurrences are dealt with now. */
  readonly handledUntil: Date
}

/**
 * Applies the catch-up policy. `skip` runs only for an occurrence that is on time; `once` runs for the newest, late or
 * not; `each` runs for the oldest and leaves the others to later looks, one run at a time.
 */
export function decideFiring(due: readonly Date[], policy: CatchUp, now: Date, runWaits: boolean): Firing | undefined {
  const [oldest] = due
  const newest = due.at(-1)
  if (oldest === undefined || newest === undefined) return undefined
  switch (policy) {
    case 'skip': {
      const onTime = now.getTime() - newest.getTime() <= GRACE_MS
      return { fire: onTime ? newest : undefined, missed: onTime ? due.slice(0, -1) : due, handledUntil: newest }
    }
    case 'once':
      return { fire: newest, missed: due.slice(0, -1), handledUntil: newest }
    case 'each':
      return runWaits ? undefined : { fire: oldest, missed: [], handledUntil: oldest }
  }
}
