import type { Clock } from '../clock.js'
import type { ListedObject } from '../sources/source.js'

/** Most drops of several files are complete sooner; one that is not may never be. */
export const TELL_AFTER_MS = 10 * 60_000

interface Waiting {
  readonly since: number
  /** What was told last that it waits for. */
  told: string | undefined
}

/** Remembers what is not complete yet, and tells of what has waited long: once, and again when it waits for something else. */
export function createWaitingList(clock: Clock, tell: (key: string, waitsFor: string) => Promise<void>): { tellOf(listed: readonly ListedObject[]): Promise<void> } {
  let waiting: ReadonlyMap<string, Waiting> = new Map()
  return {
    tellOf: async (listed) => {
      const now = clock.now().getTime()
      const present = new Map<string, Waiting>()
      for (const { key, waitsFor } of listed) {
        if (waitsFor === undefined) continue
        const before = waiting.get(key)
        // A clock set back must not put it off until the former time has come again.
        const entry = { since: Math.min(before?.since ?? now, now), told: before?.told }
        present.set(key, entry)
        if (now - entry.since < TELL_AFTER_MS || entry.told === waitsFor) continue
        await tell(key, waitsFor)
        entry.told = waitsFor
      }
      waiting = present
    },
  }
}
