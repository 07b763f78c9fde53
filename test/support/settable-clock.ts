import type { Clock } from '../../src/clock.js'

/** A clock that stands until it is set. */
export interface SettableClock extends Clock {
  /** Sets the time, forward or back. Who sleeps is woken by time that passes, not by a clock set back and forth. */
  set(instant: string): void
  advance(milliseconds: number): void
}

interface Sleeper {
  remaining: number
  readonly wake: () => void
}

export function settableClock(start: string): SettableClock {
  let now = Date.parse(start)
  const sleepers = new Set<Sleeper>()

  const setTo = (instant: number): void => {
    const passed = Math.max(0, instant - now)
    now = instant
    for (const sleeper of sleepers) {
      sleeper.remaining -= passed
      if (sleeper.remaining <= 0) sleeper.wake()
    }
  }

  return {
    now: () => new Date(now),
    set: (instant) => setTo(Date.parse(instant)),
    advance: (milliseconds) => setTo(now + milliseconds),
    sleep: (milliseconds, signal) =>
      new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          sleepers.delete(sleeper)
          reject(new DOMException('The sleep was aborted.', 'AbortError'))
        }
        const sleeper: Sleeper = {
          remaining: milliseconds,
          wake: () => {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', abort)
            resolve()
          },
        }
        if (signal?.aborted === true) abort()
        else if (milliseconds <= 0) resolve()
        else {
          signal?.addEventListener('abort', abort, { once: true })
          sleepers.add(sleeper)
        }
      }),
  }
}
