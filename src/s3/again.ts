import { setTimeout as delay } from 'node:timers/promises'
import type { RefitError } from '../errors.js'

/** How often a body is asked for, or sent, that comes in part or damaged. */
export const MOST_BODIES = 5

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5000

/** An answer, or a body, that is not what was asked for; asking again may help. */
export class BrokenBody extends Error {
  override readonly name = 'BrokenBody'
}

/**
 * Does it again when a body was broken, up to `MOST_BODIES` times. Requests that failed have been repeated by the client
 * already.
 * @throws what `attempt` throws otherwise, and the last `BrokenBody` as what `given` makes of it
 */
export async function again<T>(attempt: (tried: number) => Promise<T>, given: (broken: BrokenBody) => RefitError): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt(tried)
    } catch (error) {
      if (!(error instanceof BrokenBody)) throw error
      if (tried >= MOST_BODIES) throw given(error)
    }
    await pause(tried)
  }
}

/** Waits longer each time, by chance anything up to that, so that many do not come back at once. */
export async function pause(tried: number, signal?: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tried)
  await delay(Math.random() * longest, undefined, signal === undefined ? {} : { signal })
}
