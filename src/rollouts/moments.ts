import { Type, type Static } from 'typebox'

/**
 * What is kept of predictions to know their mean and spread and how sure these are, however many there were. The unit is
 * the request, for the rows of one resemble each other: of each its sums (squares, values, count) are taken, and of those
 * the totals, and the totals of their products two by two. Values are taken less an `origin` near them, so that squares of
 * squares keep their digits.
 */
export const Moments = Type.Object({
  origin: Type.Number(),
  requests: Type.Integer({ minimum: 0 }),
  /** Squares, values, count. */
  totals: Type.Tuple([Type.Number(), Type.Number(), Type.Number()]),
  /** Row by row of the symmetric matrix: squares², squares·values, squares·count, values², values·count, count². */
  products: Type.Tuple([Type.Number(), Type.Number(), Type.Number(), Type.Number(), Type.Number(), Type.Number()]),
})
export type Moments = Static<typeof Moments>

type Triple = readonly [number, number, number]

/** Of no request yet. */
export function noMoments(origin: number): Moments {
  return { origin, requests: 0, totals: [0, 0, 0], products: [0, 0, 0, 0, 0, 0] }
}

/** Adds the predictions of one request, in place: it is done for every request that is answered. */
export function addRequest(moments: Moments, values: Iterable<number>): void {
  let [squares, sum, count] = [0, 0, 0]
  for (const value of values) {
    const moved = value - moments.origin
    squares += moved * moved
    sum += moved
    count += 1
  }
  const { totals, products } = moments
  moments.requests += 1
  totals[0] += squares
  totals[1] += sum
  totals[2] += count
  products[0] += squares * squares
  products[1] += squares * sum
  products[2] += squares * count
  products[3] += sum * sum
  products[4] += sum * count
  products[5] += count * count
}

/** Of the requests of both. */
export function mergedMoments(first: Moments, second: Moments): Moments {
  const moved = movedTo(second, first.origin)
  const plus = (index: number, left: readonly number[], right: readonly number[]): number => (left[index] ?? 0) + (right[index] ?? 0)
  const { totals: a, products: p } = first
  const { totals: b, products: q } = moved
  return {
    origin: first.origin,
    requests: first.requests + moved.requests,
    totals: [plus(0, a, b), plus(1, a, b), plus(2, a, b)],
    products: [plus(0, p, q), plus(1, p, q), plus(2, p, q), plus(3, p, q), plus(4, p, q), plus(5, p, q)],
  }
}

/** The same less another origin: every sum of a request moves by a linear map of its three sums. */
export function movedTo(moments: Moments, origin: number): Moments {
  const by = moments.origin - origin
  // (x + d)² = x² + 2dx + d².
  const map: readonly Triple[] = [
    [1, 2 * by, by * by],
    [0, 1, by],
    [0, 0, 1],
  ]
  const [first, second, third] = map
  if (by === 0 || first === undefined || second === undefined || third === undefined) return moments
  const total = (row: Triple): number => row[0] * moments.totals[0] + row[1] * moments.totals[1] + row[2] * moments.totals[2]
  const product = (left: Triple, right: Triple): number => form(moments, left, right)
  return {
    origin,
    requests: moments.requests,
    totals: [total(first), total(second), total(third)],
    products: [product(first, first), product(first, second), product(first, third), product(second, second), product(second, third), product(third, third)],
  }
}

/** Of the linear combinations of the sums of each request, by these coefficients, the total of the products. */
function form({ products: [qq, qs, qn, ss, sn, nn] }: Moments, left: Triple, right: Triple): number {
  return (
    left[0] * (right[0] * qq + right[1] * qs + right[2] * qn) +
    left[1] * (right[0] * qs + right[1] * ss + right[2] * sn) +
    left[2] * (right[0] * qn + right[1] * sn + right[2] * nn)
  )
}

/** Mean and variance of predictions, and of both the influence of a request, as coefficients of its three sums. */
export interface Spread {
  readonly mean: number
  readonly variance: number
  readonly meanInfluence: Triple
  readonly varianceInfluence: Triple
  /** About the mean, for `varianceOf`. */
  readonly moments: Moments
}

/** Undefined where there are no predictions. */
export function spreadOf(moments: Moments): Spread | undefined {
  const [, sum, count] = moments.totals
  if (count === 0) return undefined
  const mean = moments.origin + sum / count
  const centred = movedTo(moments, mean)
  const variance = Math.max(0, centred.totals[0] / count)
  return { mean, variance, meanInfluence: [0, 1 / count, 0], varianceInfluence: [1 / count, 0, -variance / count], moments: centred }
}

/**
 * The variance of an estimate that is a sum of the influences of requests, each a combination of its sums: the linearised
 * variance of a ratio under sampling by clusters (W. G. Cochran, "Sampling Techniques", 1977, 6.4 and 11.4).
 */
export function varianceOf({ moments }: Spread, influence: Triple): number {
  const { requests } = moments
  return requests < 2 ? Number.POSITIVE_INFINITY : (Math.max(0, form(moments, influence, influence)) * requests) / (requests - 1)
}

/** A combination of influences. */
export function combined(first: Triple, weight: number, second: Triple): Triple {
  return [first[0] + weight * second[0], first[1] + weight * second[1], first[2] + weight * second[2]]
}
