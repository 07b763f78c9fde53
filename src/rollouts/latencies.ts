import { Type, type Static } from 'typebox'

/** A histogram of milliseconds: counts by cell, each a sixth wider than the one before, up to a minute. */
export const Latencies = Type.Array(Type.Integer({ minimum: 0 }))
export type Latencies = Static<typeof Latencies>

const SHORTEST_MS = 0.05
const GROWTH = 7 / 6
const CELLS = 92

export function noLatencies(): Latencies {
  return Array.from({ length: CELLS }, () => 0)
}

/** The cell of a time; the last one takes what is longer. */
export function cellOf(milliseconds: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.ceil(Math.log(milliseconds / SHORTEST_MS) / Math.log(GROWTH))))
}

/** The longest time of a cell, in milliseconds. */
export function cellEnd(cell: number): number {
  return SHORTEST_MS * GROWTH ** cell
}

/** The cell below whose end so many of the times lie; undefined where there are none. */
export function quantileCell(latencies: Latencies, share: number): number | undefined {
  const total = latencies.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let counted = 0
  for (const [cell, count] of latencies.entries()) {
    counted += count
    if (counted >= share * total) return cell
  }
  return latencies.length - 1
}

/** How many times lie in the cells after this one. */
export function countAfter(latencies: Latencies, cell: number): number {
  return latencies.reduce((sum, count, index) => (index > cell ? sum + count : sum), 0)
}
