import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeeperThan } from './json-depth.js'

test('depth is that of lists and objects, and brackets within texts are none', () => {
  for (const [json, depth] of [
    ['7', 0],
    ['{}', 1],
    ['[[],[],[[]]]', 3],
    ['{"rows":[{"a":[1]}]}', 4],
    ['["[[[[","\\"[[[","\\\\",[]]', 2],
    ['{"[[":{"\\"{{":1}}', 2],
    ['[,"]]', 1],
    ['["never ended [[[[', 1],
    ['["\\', 1],
  ] as const) {
    assert.equal(isDeeperThan(depth, json), false, json)
    if (depth > 0) assert.equal(isDeeperThan(depth - 1, json), true, json)
  }
})

test('sixteen million brackets, or quotes, are told in passing', () => {
  assert.equal(isDeeperThan(64, '['.repeat(16_000_000)), true)
  assert.equal(isDeeperThan(64, `["${'\\'.repeat(16_000_000)}`), false)
  assert.equal(isDeeperThan(64, '"'.repeat(16_000_001)), false)
  assert.equal(isDeeperThan(64, `"${'\\"'.repeat(8_000_000)}`), false)
})
