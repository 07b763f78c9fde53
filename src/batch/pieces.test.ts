import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPieces } from './pieces.js'

test('no piece of a model that answers a row in time takes nearly as long as an answer may, and a quick one is asked for many rows', () => {
  for (const rowMilliseconds of [0.001, 1, 50, 2500, 20_000]) {
    const pieces = createPieces(30_000)
    let rows = 0
    for (let piece = 0; piece < 100; piece += 1) {
      rows = pieces.next()
      const took = rows * rowMilliseconds
      assert.ok(took <= Math.max(6000, rowMilliseconds), `${rows} rows of ${rowMilliseconds} ms`)
      pieces.took(rows, took)
    }
    assert.ok(rows * rowMilliseconds >= 750 || rows > 1_000_000, `${rows} rows of ${rowMilliseconds} ms`)
  }
})

test('a model that has become slower is asked for fewer', () => {
  const pieces = createPieces(30_000)
  for (let piece = 0; piece < 10; piece += 1) pieces.took(pieces.next(), 1)
  assert.equal(pieces.next(), 1024)
  pieces.took(pieces.next(), 5000)
  assert.equal(pieces.next(), 512)
})

test('a piece that is short because no more rows were read is no reason to ask for more', () => {
  const pieces = createPieces(30_000)
  for (let piece = 0; piece < 4; piece += 1) pieces.took(pieces.next(), 1)
  for (let piece = 0; piece < 10; piece += 1) pieces.took(1, 1)
  assert.equal(pieces.next(), 16)
})
