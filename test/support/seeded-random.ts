import type { TestContext } from 'node:test'

/** Random whole numbers that come again with the same seed. */
export interface SeededRandom {
  /** For the message of whatever fails: how to have the same numbers again. */
  readonly seed: string
  /** At least 0 and below `end`. */
  below(end: number): number
}

/** By REFIT_TEST_SEED, else by a seed of its own, which the test's report prints. */
export function seededRandom(context: TestContext): SeededRandom {
  const given = Number(process.env['REFIT_TEST_SEED'] ?? Date.now() % 1_000_000)
  const seed = `REFIT_TEST_SEED=${given}`
  context.diagnostic(seed)
  // mulberry32
  let state = given
  return {
    seed,
    below: (end) => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
    },
  }
}
