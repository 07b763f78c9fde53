const WAITS_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000]
/** Longest time between two tries, milliseconds. */
export const LONGEST_WAIT_MS = 3_600_000
const GIVE_UP_AFTER_MS = 86_400_000
const LEAST_TRIES = 5

/** Milliseconds until the next try after so many; a receiver may ask for more, up to the longest wait. */
export function waitAfter(tries: number, retryAfter = 0): number {
  return Math.min(Math.max(WAITS_MS[tries - 1] ?? LONGEST_WAIT_MS, retryAfter), LONGEST_WAIT_MS)
}

/** A day is enough for any receiver to be mended; one that Refit could not try meanwhile gets some tries all the same. */
export function isHopeless(tries: number, createdAt: Date, now: Date): boolean {
  return tries >= LEAST_TRIES && now.getTime() - createdAt.getTime() >= GIVE_UP_AFTER_MS
}
