import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xoshiro128 } from '../evaluation/random.js'
import { addRequest, mergedMoments, movedTo, noMoments, spreadOf, varianceOf, type Moments } from './moments.js'

/** Predictions far from 0, in requests of several rows each. */
function requestsOf(seed: number, count: number): readonly (readonly number[])[] {
  const random = xoshiro128(seed)
  return Array.from({ length: count }, () => {
    const level = 1e6 + (random() / 2 ** 32) * 10
    return Array.from({ length: 1 + (random() % 7) }, () => level + random() / 2 ** 32)
  })
}

function momentsOf(requests: readonly (readonly number[])[], origin: number): Moments {
  const moments = noMoments(origin)
  for (const request of requests) addRequest(moments, request)
  return moments
}

const near = (actual: number, expected: number, relative: number): void => assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`)

test('mean and spread are those of all rows, wherever the origin lies, also where they are summed apart', () => {
  const requests = requestsOf(1, 200)
  const rows = requests.flat()
  const mean = rows.reduce((sum, value) => sum + value, 0) / rows.length
  const variance = rows.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows.length
  const apart = mergedMoments(momentsOf(requests.slice(0, 70), 1e6), momentsOf(requests.slice(70), 1e6 + 7))
  for (const moments of [momentsOf(requests, 1e6), momentsOf(requests, 1e6 + 3), apart, movedTo(apart, 1e6 + 20)]) {
    const spread = spreadOf(moments)
    assert.ok(spread !== undefined)
    near(spread.mean, mean, 1e-12)
    near(spread.variance, variance, 1e-6)
    assert.equal(moments.requests, 200)
  }
})

test('how sure a mean and a spread are counts requests, not their rows', () => {
  const draws = 400
  const found = Array.from({ length: draws }, (_, seed) => spreadOf(momentsOf(requestsOf(seed + 1, 100), 1e6)))
  const means = found.flatMap((spread) => (spread === undefined ? [] : [spread.mean]))
  const variances = found.flatMap((spread) => (spread === undefined ? [] : [spread.variance]))
  const varianceAcross = (values: readonly number[]): number => {
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length
    return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
  }
  const claimed = (of: (spread: NonNullable<(typeof found)[number]>) => number): number => found.reduce((sum, spread) => sum + (spread === undefined ? 0 : of(spread)), 0) / draws
  near(claimed((spread) => varianceOf(spread, spread.meanInfluence)), varianceAcross(means), 0.2)
  near(claimed((spread) => varianceOf(spread, spread.varianceInfluence)), varianceAcross(variances), 0.2)
})

test('of nothing nothing is known, and of one request no certainty', () => {
  assert.equal(spreadOf(noMoments(0)), undefined)
  const one = spreadOf(momentsOf([[1, 2, 3]], 0))
  assert.ok(one !== undefined)
  assert.equal(varianceOf(one, one.meanInfluence), Number.POSITIVE_INFINITY)
})
