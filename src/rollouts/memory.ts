import { Type, type Static } from 'typebox'

/**
 * How much memory a version held while it answered: its requests in blocks, one after another. Of each block the least is kept,
 * for what is collected sooner or later was no growth; and blocks are joined two by two as they become many, so that however
 * long a step lasts there are some tens of them.
 */
export const Memory = Type.Object({
  /** Requests of a block. */
  each: Type.Integer({ minimum: 1 }),
  /** The least that was held in each full block, in bytes, the oldest first. */
  least: Type.Array(Type.Number({ minimum: 0 })),
  /** The block that is not full yet. */
  begun: Type.Object({ requests: Type.Integer({ minimum: 0 }), least: Type.Number({ minimum: 0 }) }),
})
export type Memory = Static<typeof Memory>

const FIRST_BLOCK = 2
const MOST_BLOCKS = 32
/** Of the blocks, so many at the beginning are not looked at: what a model loads at its first answers it keeps, and then has. */
const WARM_UP = 0.25
/** Of the growth from the beginning to the end. */
const NO_DIFFERENCE = 0.02
/** Below so many blocks chance looks like a trend now and then; there are as many, and those of the beginning, whenever blocks have been joined. */
const FEWEST_BLOCKS = 12

/** Of no request yet. */
export function noMemory(): Memory {
  return { each: FIRST_BLOCK, least: [], begun: { requests: 0, least: 0 } }
}

/** Adds what was held after one request, in place. */
export function addHeld(memory: Memory, bytes: number): void {
  const { begun, least } = memory
  begun.least = begun.requests === 0 ? bytes : Math.min(begun.least, bytes)
  begun.requests += 1
  if (begun.requests < memory.each) return
  least.push(begun.least)
  begun.requests = 0
  if (least.length < MOST_BLOCKS) return
  memory.least = Array.from({ length: MOST_BLOCKS / 2 }, (_, pair) => Math.min(...least.slice(2 * pair, 2 * pair + 2)))
  memory.each *= 2
}

export interface Growth {
  /** What was held at the beginning, once it was warm, and at the end, in bytes. */
  readonly from: number
  readonly to: number
  /**
   * Of all pairs of blocks, the share in which the later one held more, less the share in which it held less (M. G. Kendall,
   * "A new measure of rank correlation", 1938): 1 where each holds more than the one before it, some 0.7 where memory grows in two
   * jumps, 0.75 where it grows for half of the time and then stays. What is a small part of all growth is no difference.
   */
  readonly steadiness: number
}

/** Undefined where there were too few requests to tell. */
export function growthOf({ least }: Memory): Growth | undefined {
  const warm = least.slice(Math.ceil(least.length * WARM_UP))
  const [from, to] = [warm[0], warm.at(-1)]
  if (from === undefined || to === undefined || warm.length < FEWEST_BLOCKS) return undefined
  const difference = Math.abs(to - from) * NO_DIFFERENCE
  let signs = 0
  for (const [index, earlier] of warm.entries()) for (const later of warm.slice(index + 1)) if (Math.abs(later - earlier) > difference) signs += Math.sign(later - earlier)
  return { from, to, steadiness: signs / ((warm.length * (warm.length - 1)) / 2) }
}

/** Of two serving processes, what the one has seen in which the version has grown the more: each has loaded it for itself. */
export function grownMost(first: Memory | undefined, second: Memory | undefined): Memory | undefined {
  if (first === undefined || second === undefined) return first ?? second
  const grown = (memory: Memory): number => {
    const growth = growthOf(memory)
    return growth === undefined ? Number.NEGATIVE_INFINITY : growth.to - growth.from
  }
  return grown(second) > grown(first) ? second : first
}
