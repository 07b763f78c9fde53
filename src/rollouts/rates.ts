/** How sure one can be of a share, and of the difference of two. */

export interface Interval {
  readonly low: number
  readonly high: number
}

/** `count` among `of`; `of` may be 0. */
export interface Share {
  readonly count: number
  readonly of: number
}

/** Wilson's score interval of a share (E. B. Wilson, 1927), at so many standard errors; the whole of [0, 1] where nothing was counted. */
export function shareInterval({ count, of }: Share, z: number): Interval {
  if (of === 0) return { low: 0, high: 1 }
  const share = count / of
  const square = z * z
  const middle = (share + square / (2 * of)) / (1 + square / of)
  const half = (z * Math.sqrt((share * (1 - share)) / of + square / (4 * of * of))) / (1 + square / of)
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

/**
 * The least by which the first share is larger than the second, at so many standard errors: the lower bound of Newcombe's
 * hybrid score interval of a difference (R. G. Newcombe, "Interval estimation for the difference between independent
 * proportions", 1998, method 10), which also holds where nothing, or everything, was counted.
 */
export function differenceAtLeast(first: Share, second: Share, z: number): number {
  if (first.of === 0 || second.of === 0) return -1
  const [p, q] = [first.count / first.of, second.count / second.of]
  const below = p - shareInterval(first, z).low
  const above = shareInterval(second, z).high - q
  return p - q - Math.hypot(below, above)
}
