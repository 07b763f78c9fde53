import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutBy, keptTogetherBy } from '../define/comparability.js'
import type { StoredModel, StoredSplit } from '../define/stored-definition.js'
import { eligibleRows } from './eligible-rows.js'
import type { Seen } from './seen.js'

const byGroup: StoredSplit = { kind: 'group', test: 0.2, validation: 0.1 }
const stratified: StoredSplit = { ...byGroup, stratify: 'zipcode' }
const byTime: StoredSplit = { kind: 'time', testMilliseconds: 1000, gapMilliseconds: 0, validation: 0.1 }

/** Rows of drops a, b (which the champion knows) and c; the second row of h1 came with c. */
const testSet = { drops: { codes: Int32Array.of(0, 1, 2, 2), values: ['a', 'b', 'c'] }, units: Int32Array.of(0, 1, 0, 2), times: Float64Array.from([1, 2, 3, 4], (day) => Date.parse(`2026-01-0${day}`)) }
const facts = { drops: ['a', 'b'], lostDrops: false, split: byGroup }
/** What the champion's drops held, by what rows say. */
const held = Uint8Array.of(2, 2, 1, 0)
const columns: StoredModel['columns'] = { house: { type: 'text', role: 'group', optional: false }, day: { type: 'time', role: 'time', optional: false } }

function eligible(split: StoredSplit, champion: Partial<Omit<typeof facts, 'split'>> & { split: StoredSplit; holdout?: number; trainedUntil?: string }, holdout?: number): readonly number[] {
  const holds = eligibleRows({ split, columns, ...(holdout === undefined ? {} : { holdout }) }, { ...facts, cutBy: cutBy({ split: champion.split, columns }), ...champion }, testSet, { held })
  return [0, 1, 2, 3].filter(holds)
}

test('with the same split by groups every test row counts, whatever drops have gone', () => {
  assert.deepEqual(eligible(byGroup, { split: byGroup, lostDrops: true }), [0, 1, 2, 3])
  assert.deepEqual(eligible(byGroup, { split: byGroup }, 0.1), [0, 1, 2, 3])
})

test('after a change of split only rows count whose drop and group the champion never saw', () => {
  assert.deepEqual(eligible(byGroup, { split: byTime, trainedUntil: '2026-01-03T00:00:00Z' }), [3])
  assert.deepEqual(eligible(byTime, { split: byGroup }), [2, 3])
})

test('where another column keeps rows together, or its text is another, the sides are others although the split is written the same', () => {
  const cut = (by: StoredModel['columns']): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns }, { ...facts, cutBy: cutBy({ split: byGroup, columns: by }) }, testSet, { held }))
  assert.deepEqual(cut(columns), [0, 1, 2, 3])
  assert.deepEqual(cut({ ...columns, house: { type: 'number', role: 'group', optional: false } }), [3])
  assert.deepEqual(cut({ day: { type: 'time', role: 'time', optional: false }, street: { type: 'text', role: 'group', optional: false } }), [3])
})

test('whole rows are cut by the text of all their columns: with another column the sides are others', () => {
  const whole: StoredModel['columns'] = { day: { type: 'time', role: 'time', optional: false }, rooms: { type: 'number', role: 'feature', optional: false } }
  const cut = (former: StoredModel['columns']): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns: whole }, { ...facts, cutBy: cutBy({ split: byGroup, columns: former }) }, testSet, { held }))
  assert.deepEqual(cut(whole), [0, 1, 2, 3])
  assert.deepEqual(cut({ ...whole, zip: { type: 'category', role: 'feature', optional: true } }), [3])
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns: whole }, { ...facts, cutBy: 'whole rows' }, testSet, { held })), [3], 'nobody knows what columns a former release has meant')
})

test('by time rows after the newest one that the champion knows count', () => {
  assert.deepEqual(eligible(byTime, { split: byTime, trainedUntil: '2026-01-02T00:00:00Z' }), [2, 3])
})

test('a stratified split is another one once a drop of the champion has gone, or others are held out', () => {
  assert.deepEqual(eligible(stratified, { split: stratified }), [0, 1, 2, 3])
  assert.deepEqual(eligible(stratified, { split: stratified, lostDrops: true }), [3])
  assert.deepEqual(eligible(stratified, { split: stratified, holdout: 0.1 }), [3])
  assert.deepEqual(eligible(stratified, { split: stratified, holdout: 0.1 }, 0.1), [0, 1, 2, 3])
})

test('of a model that was brought what was said of it counts, whatever the split', () => {
  const brought = (said: Seen['brought'], drops: readonly string[] = []): Seen => ({ drops: [...drops], lostDrops: false, split: null, ...(said === undefined ? {} : { brought: said }) })
  const by = keptTogetherBy({ columns })
  const rows = (split: StoredSplit, model: Seen, learnt?: Uint8Array): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split, columns }, model, testSet, { learnt, held }))
  for (const split of [byGroup, byTime]) {
    assert.deepEqual(rows(split, brought({ kind: 'units', file: 'units.parquet', by }), Uint8Array.of(1, 0, 1, 0)), [1, 3])
    assert.deepEqual(rows(split, brought({ kind: 'until', time: '2026-01-02T00:00:00Z' })), [2, 3])
  }
  assert.deepEqual(rows(byGroup, brought({ kind: 'unknown' }, ['a', 'b'])), [3], 'rows of later drops, of groups that none before has')
  assert.deepEqual(rows(byTime, brought({ kind: 'unknown' }, ['a', 'b'])), [2, 3])
  assert.throws(() => rows(byGroup, brought({ kind: 'units', file: 'units.parquet', by })), /nobody has looked/)
})

test('beside a model that was trained on every row only rows count that came after it, of groups that it never saw, whatever the split', () => {
  const sawAll = (split: StoredSplit): Seen => ({ ...facts, split, cutBy: cutBy({ split, columns }), everyRow: true, trainedUntil: '2026-01-02T00:00:00Z' })
  const rows = (split: StoredSplit): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split, columns }, sawAll(split), testSet, { held }))
  assert.deepEqual(rows(byGroup), [3])
  assert.deepEqual(rows(stratified), [3])
  assert.deepEqual(rows({ kind: 'groupAndTime', testMilliseconds: 1000, groups: 0.2, gapMilliseconds: 0, validation: 0.1 }), [3])
  assert.deepEqual(rows(byTime), [2, 3])
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byTime, columns }, { ...sawAll(byTime), trainedUntil: '2026-01-03T00:00:00Z' }, testSet, { held })), [3], 'of a time that it knows, told anew in a later drop')
  assert.throws(() => eligibleRows({ split: byGroup, columns }, sawAll(byGroup), testSet), /nobody has looked/)
})

test('where nobody knows by what a model’s sets were cut, they may have been cut by anything', () => {
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns }, facts, testSet, { held })), [3])
})

test('digests of units that were made by another grouping, or nobody knows by which, match nothing: rows of later drops count, where any are known', () => {
  for (const by of [undefined, 'street as a text']) {
    const brought: Seen['brought'] = { kind: 'units', file: 'units.parquet', ...(by === undefined ? {} : { by }) }
    const rows = (drops: string[]): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns }, { drops, lostDrops: false, split: null, brought }, testSet, { learnt: new Uint8Array(4), held }))
    assert.deepEqual(rows([]), [])
    assert.deepEqual(rows(['a', 'b']), [3])
  }
})

test('what has come again in another drop, and groups of which only rows outside the window were seen, are known by what they say', () => {
  const redelivered: Seen = { drops: ['x'], lostDrops: true, split: byTime, cutBy: cutBy({ split: byTime, columns }) }
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns }, redelivered, testSet, { held })), [3])
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byTime, columns }, { ...redelivered, split: byGroup, cutBy: cutBy({ split: byGroup, columns }) }, testSet, { held })), [2, 3])
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns }, redelivered, testSet, { held: Uint8Array.of(0, 0, 0, 1) })), [0, 1, 2], 'of the last one’s group a row was seen that is not in the test set')
  assert.throws(() => eligibleRows({ split: byGroup, columns }, redelivered, testSet), /nobody has looked/)
})
