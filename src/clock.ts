import { setTimeout as delay } from 'node:timers/promises'

/** Time reaches the lifecycle only through a clock, so that a past season can be replayed through the same code. */
export interface Clock {
  /** The present instant. */
  now(): Date
  /** Resolves after `milliseconds` of this clock's time; rejects with an `AbortError` when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await delay(milliseconds, undefined, signal === undefined ? undefined : { signal })
  },
}
