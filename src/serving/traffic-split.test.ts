import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeOf, placesWithoutKey } from './traffic-split.js'

const callers = Array.from({ length: 20_000 }, (_, index) => `caller-${index}`)
const below = (share: number, rollout: string): ReadonlySet<string> => new Set(callers.filter((key) => placeOf(rollout, key) < share))

test('a share of the callers is the share that was asked for, whoever they are', () => {
  for (const rollout of ['price-r1', 'price-r2', 'a-r1']) {
    for (const share of [0.01, 0.1, 0.5, 0.9]) {
      const found = below(share, rollout).size / callers.length
      assert.ok(Math.abs(found - share) < 4 * Math.sqrt((share * (1 - share)) / callers.length), `${rollout} ${share}: ${found}`)
    }
  }
})

test('whoever is on the side of the version stays there as its share grows', () => {
  const [tenth, half] = [below(0.1, 'price-r1'), below(0.5, 'price-r1')]
  assert.deepEqual([...tenth].filter((key) => !half.has(key)), [])
})

test('another rollout has other callers begin', () => {
  const [first, second] = [below(0.1, 'price-r1'), below(0.1, 'price-r2')]
  const both = [...first].filter((key) => second.has(key)).length
  assert.ok(both < 0.2 * first.size, `${both} of ${first.size}`)
})

test('requests without a key are divided evenly from the first on, in the same way after a restart', () => {
  const [first, again] = [placesWithoutKey('price-r1'), placesWithoutKey('price-r1')]
  const places = Array.from({ length: 1000 }, first)
  assert.deepEqual(places, Array.from({ length: 1000 }, again))
  for (let from = 0; from < 900; from += 100) {
    const count = places.slice(from, from + 100).filter((place) => place < 0.1).length
    assert.ok(count >= 9 && count <= 11, `${count} of 100`)
  }
})
