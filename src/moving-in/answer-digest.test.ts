import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerDigest } from './answer-digest.js'

test('the same answer with its lists in another order has the same digest, and any other answer another one', () => {
  const tags = [{ key: 'a', value: '1' }, { key: 'b', value: '2' }]
  const digest = answerDigest({ info: { run_id: 'x' }, data: { tags } })
  assert.equal(answerDigest({ data: { tags: tags.toReversed() }, info: { run_id: 'x' } }), digest)
  assert.notEqual(answerDigest({ info: { run_id: 'x' }, data: { tags: [{ key: 'a', value: '2' }, { key: 'b', value: '1' }] } }), digest)
  assert.notEqual(answerDigest({ info: { run_id: 'x' }, data: { tags: tags.slice(1) } }), digest)
})
