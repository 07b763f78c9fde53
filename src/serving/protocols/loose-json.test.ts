import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLooseJson } from './loose-json.js'

test('NaN is read as null wherever it is a value, and as text in a text', () => {
  assert.deepEqual(parseLooseJson('{"a": NaN, "b": [NaN, 1, NaN], "NaN": "NaN \\" NaN", "c": "\\\\", "d": NaN}'), { a: null, b: [null, 1, null], NaN: 'NaN " NaN', c: '\\', d: null })
})

test('JSON is read as it is', () => {
  assert.deepEqual(parseLooseJson('["NaN", {"x": 1e3}]'), ['NaN', { x: 1000 }])
})

test('what is no JSON is refused, however it is put', () => {
  for (const text of ['', '{', '[NaN', 'Infinity', '[-NaN]', '["NaN]', '{"a": nan}', 'NaNNaN']) assert.throws(() => parseLooseJson(text), { code: 'input-invalid' }, text)
})

test('millions of escaped quotes in a text that does not end are looked through once', () => {
  // Looked through once for each quote it would take hours.
  assert.throws(() => parseLooseJson(`[NaN, "${'\\"'.repeat(4_000_000)}`), { code: 'input-invalid' })
})
