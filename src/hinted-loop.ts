import type { Clock } from './clock.js'

/** Something that is done again and again until it is stopped. */
export interface HintedLoop {
  /** Do it now; during a look: once more right after it. */
  hint(): void
  /** Resolves when the look under way has ended. */
  stop(): Promise<void>
}

/**
 * Calls `look` again and again, each time after the pause that it asked for, in milliseconds, or at a hint. What a look
 * rejects with ends the loop, and `stop` rejects with it.
 */
export function startHintedLoop(clock: Clock, look: (stopped: AbortSignal) => Promise<number>): HintedLoop {
  const stopped = new AbortController()
  let wake: () => void = () => undefined
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      // A hint ends the pause instead of racing it, so that no timer is left behind.
      const hinted = new AbortController()
      wake = () => hinted.abort()
      const pause = await look(stopped.signal)
      await clock.sleep(pause, hinted.signal).catch(() => undefined)
    }
  }
  const done = loop()
  return {
    hint: () => wake(),
    stop: async () => {
      stopped.abort()
      wake()
      await done
    },
  }
}
