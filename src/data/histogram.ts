import { finite } from './magnitude.js'
import type { Histogram } from './profile.js'

const MOST_BINS = 20
const DIGITS = 12

/** The value at a share of sorted values: the lowest with at least that share of them at or below it. */
export function quantileOf(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** At most 20 bins: steps of 1, 2, 2.5 or 5 times a power of ten over the middle 98 % of sorted values, and what lies outside. */
export function readableEdges(sorted: Float64Array): readonly number[] {
  const [low, high] = [quantileOf(sorted, 0.01), quantileOf(sorted, 0.99)]
  // One value: the bin around it tells it from any other.
  if (low === high) return [low - (Math.abs(low) || 1) / 20, low + (Math.abs(low) || 1) / 20].map(rounded)
  const step = stepFor(high / (MOST_BINS - 3) - low / (MOST_BINS - 3))
  // Nearer to each other than numbers can tell.
  if (!(step > 0) || ![low, high].every((end) => Number.isSafeInteger(Math.floor(end / step)))) return [low, high]
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step) + 1]
  return Array.from({ length: last - first + 1 }, (_, index) => rounded((first + index) * step))
}

function stepFor(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (([1, 2, 2.5, 5].find((factor) => factor * power >= least) ?? 10) * power)
}

function rounded(value: number): number {
  return finite(Number(value.toPrecision(DIGITS)))
}

/** How many of sorted values lie in each bin. */
export function histogramOf(sorted: Float64Array, edges: readonly number[]): Histogram {
  const below = [...edges.map((edge) => countBelow(sorted, edge)), sorted.length]
  return { edges: [...edges], counts: below.map((count, index) => count - (below[index - 1] ?? 0)) }
}

function countBelow(sorted: Float64Array, edge: number): number {
  let [from, until] = [0, sorted.length]
  while (from < until) {
    const middle = (from + until) >>> 1
    if ((sorted[middle] ?? 0) < edge) from = middle + 1
    else until = middle
  }
  return from
}

/** How many different values there are among sorted ones. */
export function distinctIn(sorted: Float64Array): number {
  return sorted.reduce((count, value, index) => (index === 0 || value !== sorted[index - 1] ? count + 1 : count), 0)
}
