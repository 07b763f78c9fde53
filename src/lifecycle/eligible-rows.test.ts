import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutBy } from '../define/comparability.js'
import type { StoredModel, StoredSplit } from '../define/stored-definition.js'
import { eligibleRows } from './eligible-rows.js'
import type { Seen } from './seen.js'

const byGroup: StoredSplit = { kind: 'group', test: 0.2, validation: 0.1 }
const stratified: StoredSplit = { ...byGroup, stratify: 'zipcode' }
const byTime: StoredSplit = { kind: 'time', testMilliseconds: 1000, gapMilliseconds: 0, validation: 0.1 }

/** Rows of drops a, b (which the champion knows) and c; the second row of h1 came with c. */
const testSet = { drops: { codes: Int32Array.of(0, 1, 2, 2), values: ['a', 'b', 'c'] }, units: Int32Array.of(0, 1, 0, 2), times: Float64Array.from([1, 2, 3, 4], (day) => Date.parse(`2026-01-0${day}`)) }
const facts = { drops: ['a', 'b'], lostDrops: false, split: byGroup }
const columns: StoredModel['columns'] = { house: { type: 'text', role: 'group', optional: false }, day: { type: 'time', role: 'time', optional: false } }

function eligible(split: StoredSplit, champion: Partial<Omit<typeof facts, 'split'>> & { split: unknown; holdout?: number; trainedUntil?: string }, holdout?: number): readonly number[] {
  const holds = eligibleRows({ split, columns, ...(holdout === undefined ? {} : { holdout }) }, { ...facts, ...champion }, testSet)
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
  const cut = (by: StoredModel['columns']): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns }, { ...facts, cutBy: cutBy({ split: byGroup, columns: by }) }, testSet))
  assert.deepEqual(cut(columns), [0, 1, 2, 3])
  assert.deepEqual(cut({ ...columns, house: { type: 'number', role: 'group', optional: false } }), [3])
  assert.deepEqual(cut({ day: { type: 'time', role: 'time', optional: false }, street: { type: 'text', role: 'group', optional: false } }), [3])
})

test('whole rows are cut by the text of all their columns: with another column the sides are others', () => {
  const whole: StoredModel['columns'] = { day: { type: 'time', role: 'time', optional: false }, rooms: { type: 'number', role: 'feature', optional: false } }
  const cut = (former: StoredModel['columns']): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns: whole }, { ...facts, cutBy: cutBy({ split: byGroup, columns: former }) }, testSet))
  assert.deepEqual(cut(whole), [0, 1, 2, 3])
  assert.deepEqual(cut({ ...whole, zip: { type: 'category', role: 'feature', optional: true } }), [3])
  assert.deepEqual([0, 1, 2, 3].filter(eligibleRows({ split: byGroup, columns: whole }, { ...facts, cutBy: 'whole rows' }, testSet)), [3], 'nobody knows what columns a former release has meant')
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
  const rows = (split: StoredSplit, model: Seen, learnt?: Uint8Array): readonly number[] => [0, 1, 2, 3].filter(eligibleRows({ split, columns }, model, testSet, learnt))
  for (const split of [byGroup, byTime]) {
    assert.deepEqual(rows(split, brought({ kind: 'units', file: 'units.parquet' }), Uint8Array.of(1, 0, 1, 0)), [1, 3])
    assert.deepEqual(rows(split, brought({ kind: 'until', time: '2026-01-02T00:00:00Z' })), [2, 3])
  }
  assert.deepEqual(rows(byGroup, brought({ kind: 'unknown' }, ['a', 'b'])), [3], 'rows of later drops, of groups that none before has')
  assert.deepEqual(rows(byTime, brought({ kind: 'unknown' }, ['a', 'b'])), [2, 3])
  assert.throws(() => rows(byGroup, brought({ kind: 'units', file: 'units.parquet' })), /nobody has looked/)
})
