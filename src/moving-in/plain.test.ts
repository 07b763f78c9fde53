import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain } from './plain.js'

test('what another server wrote is shown on one line, without what moves the cursor or turns its direction, and not endless', () => {
  assert.equal(plain('a\r\nb\u001b[2Jc\u202ed\0e\u2028f'), 'a b [2Jc d e f')
  assert.equal(plain('süd 日本'), 'süd 日本')
  assert.ok(plain('x'.repeat(1_000_000)).length <= 300)
  assert.ok(plain('x'.repeat(1000)).endsWith('…'))
})
