import type { Database } from '../database/schema.js'
import { isOutage } from '../database/outage.js'
import { latestCursor } from '../runs/event.js'

const POLL_MS = 500

/** Tells many readers when there may be new events, by one look at the database for all of them. */
export interface EventFeed {
  /** What the feed knows by now: compare it before reading, so that news in between are not missed. */
  known(): string | undefined
  /** Resolves when the feed knows something else than `known`, or when `signal` aborts. */
  news(known: string | undefined, signal: AbortSignal): Promise<void>
  stop(): void
}

/**
 * Looks at every hint and every half second while someone listens. A hint may come before the event can be read (an
 * older transaction holds it back), so hints only hasten the next look.
 */
export function startEventFeed(database: Database, onHint: (listener: () => void) => () => void, onError: (error: unknown) => void): EventFeed {
  let newest: string | undefined
  let timer: NodeJS.Timeout | undefined
  let looking = false
  let lookAgain = false
  const waiting = new Set<() => void>()

  const look = async (): Promise<void> => {
    if (looking) {
      lookAgain = true
      return
    }
    looking = true
    clearTimeout(timer)
    try {
      const latest = await latestCursor(database)
      if (latest !== newest) {
        newest = latest
        for (const wake of waiting) wake()
      }
    } catch (error) {
      if (!isOutage(error)) onError(error)
    }
    looking = false
    if (lookAgain) {
      lookAgain = false
      void look()
    } else if (waiting.size > 0) {
      timer = setTimeout(() => void look(), POLL_MS)
    }
  }
  const unhint = onHint(() => {
    if (waiting.size > 0) void look()
  })

  return {
    known: () => newest,
    news: async (known, signal) => {
      if (signal.aborted || newest !== known) return
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        waiting.add(wake)
        signal.addEventListener('abort', wake)
        if (waiting.size === 1) void look()
      })
    },
    stop: () => {
      unhint()
      clearTimeout(timer)
      for (const wake of waiting) wake()
    },
  }
}
