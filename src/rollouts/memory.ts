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
/** The blocks are looked at in so many parts. The first is not: what a model loads at its first answers it keeps, and then has. */
const PARTS = 5
/** What it grows by from one part to the next, in shares of what that would be if all were alike, at least: serving hears of memory now and then only. */
const FAIR_SHARE = 1 / 2

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
  /** Whether it has grown all the time: what is loaded late, and a cache that has filled up, grows at some time and at others not. */
  readonly isSteady: boolean
}

/** Undefined where there were too few requests to tell. */
export function growthOf({ least }: Memory): Growth | undefined {
  if (least.length < 2 * PARTS) return undefined
  const start = (part: number): number => Math.floor((part * least.length) / PARTS)
  const warm = Array.from({ length: PARTS - 1 }, (_, index) => Math.min(...least.slice(start(index + 1), start(index + 2))))
  const [from = 0, to = 0] = [warm[0], warm.at(-1)]
  const fair = (FAIR_SHARE * (to - from)) / (warm.length - 1)
  return { from, to, isSteady: to > from && warm.every((held, index) => index === 0 || held - (warm[index - 1] ?? 0) >= fair) }
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
