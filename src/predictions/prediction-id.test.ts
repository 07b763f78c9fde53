import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createPredictionIds, LONGEST_ID, readPredictionId } from './prediction-id.js'

const key = randomBytes(32)
const facts = { model: 'house-price', version: 12, generation: 34, side: 'challenger', at: new Date('2026-11-28T20:00:00.123Z'), rows: 10_000 } as const

test('an id says what answered, and whether its rows were to be logged', () => {
  const ids = createPredictionIds(key)
  for (const [share, sampled] of [[0, false], [1, true]] as const) {
    const made = ids(facts, share)
    assert.equal(made.sampled, sampled)
    assert.deepEqual(readPredictionId(key, made.id), { ...facts, sampled })
  }
})

test('the longest name of a model and the largest numbers fit', () => {
  const large = { ...facts, model: 'm'.repeat(63), version: 2 ** 31 - 1, generation: 2 ** 48 - 1, rows: 65_535 }
  const { id } = createPredictionIds(key)(large, 1)
  assert.ok(id.length <= LONGEST_ID && /^[\w-]+$/.test(id), id)
  assert.deepEqual(readPredictionId(key, id), { ...large, sampled: true })
})

test('an id that is changed in any one bit, or made with another key, is none', () => {
  const { id } = createPredictionIds(key)(facts, 1)
  const bytes = Buffer.from(id, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(readPredictionId(key, changed.toString('base64url')), undefined, `bit ${bit}`)
  }
  assert.equal(readPredictionId(randomBytes(32), id), undefined)
})

test('an answer has one id alone: other ways of writing its bytes are none', () => {
  const { id } = createPredictionIds(key)(facts, 1)
  for (const other of [`${id}=`, `${id} `, ` ${id}`, `${id}.`, id.slice(0, -1), `${id}A`, '', 'x', 'A'.repeat(100_000)]) assert.equal(readPredictionId(key, other), undefined)
})

test('ids differ, and the share of those to be logged is the one that is asked for', () => {
  const ids = createPredictionIds(key)
  const made = Array.from({ length: 20_000 }, () => ids(facts, 0.25))
  assert.equal(new Set(made.map(({ id }) => id)).size, made.length)
  const share = made.filter(({ sampled }) => sampled).length / made.length
  // Twenty thousand draws: eight standard errors.
  assert.ok(Math.abs(share - 0.25) < 0.025, `${share} with chance of the system`)
})
