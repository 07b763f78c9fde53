import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedObject } from '../sources/source.js'
import { observe, withRecorded, type Sighting } from './settled.js'

const SETTLE = 1000
const file: ListedObject = { key: 'week-01.csv', version: 'a', bytes: 10 }

/** Keys that have settled at the last of several looks at one second after another, or at given times. */
function settledAfter(...looks: readonly { readonly at: number; readonly listed: readonly ListedObject[] }[]): readonly string[] {
  let sightings: ReadonlyMap<string, Sighting> = new Map()
  let settled: readonly ListedObject[] = []
  for (const { at, listed } of looks) ({ sightings, settled } = observe(sightings, listed, at, SETTLE))
  return settled.map((object) => object.key)
}

test('an object has settled when two listings, a settling time apart, agree', () => {
  assert.deepEqual(settledAfter({ at: 0, listed: [file] }), [])
  assert.deepEqual(settledAfter({ at: 0, listed: [file] }, { at: SETTLE - 1, listed: [file] }), [])
  assert.deepEqual(settledAfter({ at: 0, listed: [file] }, { at: SETTLE, listed: [file] }), ['week-01.csv'])
})

test('another version or size, or being away, begins the settling anew', () => {
  const at = (time: number, ...listed: ListedObject[]): { at: number; listed: readonly ListedObject[] } => ({ at: time, listed })
  assert.deepEqual(settledAfter(at(0, file), at(SETTLE, { ...file, version: 'b' })), [])
  assert.deepEqual(settledAfter(at(0, file), at(SETTLE, { ...file, bytes: 11 })), [])
  assert.deepEqual(settledAfter(at(0, file), at(SETTLE / 2), at(SETTLE, file)), [])
})

test('a clock set back by years makes an object wait no longer than its settling time', () => {
  const looks = [0, -1e11, -1e11 + SETTLE].map((at) => ({ at, listed: [file] }))
  assert.deepEqual(settledAfter(...looks), ['week-01.csv'])
})

test('what is recorded is not settled again, until it looks otherwise', () => {
  const { sightings } = observe(new Map(), [file], 0, 0)
  const recorded = withRecorded(sightings, [file.key, 'gone meanwhile'])
  const again = observe(recorded, [file], SETTLE, 0)
  assert.deepEqual([again.settled, again.unsettled], [[], false])
  assert.deepEqual(observe(again.sightings, [{ ...file, version: 'b' }], SETTLE, 0).settled, [{ ...file, version: 'b' }])
})

test('a drop of several files has settled when none of them changes any more', () => {
  const several = (version: string): ListedObject => ({ key: 'week-01', version: 'a', bytes: 10, files: [file, { ...file, key: 'week-01/b.csv', version }] })
  assert.deepEqual(settledAfter({ at: 0, listed: [several('1')] }, { at: SETTLE, listed: [several('2')] }), [])
  assert.deepEqual(settledAfter({ at: 0, listed: [several('1')] }, { at: SETTLE, listed: [several('1')] }), ['week-01'])
})
