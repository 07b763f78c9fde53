import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../errors.js'
import { between, double, flag, idText, InvalidValue, integer, list, message, oneOf, optional, readMessage, required, text, withDefault, words } from './message.js'
import { sentValue } from './sent-value.js'

const reading = message({
  id: required(words, 'old_id'),
  count: withDefault(integer, 7),
  value: optional(double),
  state: withDefault(oneOf(['ONE', 'TWO']), 'ONE'),
  is_it: optional(flag),
  tags: withDefault(list(message({ key: required(words), at: required(integer) })), []),
  experiment: optional(idText),
  page: withDefault(between(1, 10), 5),
  names: withDefault(list(text), []),
})

function refusal(value: unknown): string {
  try {
    readMessage(reading, value)
  } catch (error) {
    if (error instanceof InvalidValue) return `invalid ${error.path}`
    if (error instanceof RefitError) return error.message.split('.')[0] ?? ''
    throw error
  }
  return 'taken'
}

test('a message is read as protobuf writes it in JSON', () => {
  const read = readMessage(reading, { old_id: 'x', count: '-12', value: 'NaN', state: 2, is_it: true, tags: [{ key: 'a', at: 5, more: 1 }], experiment: 3, unknown: {}, names: null })
  assert.deepEqual(read, { id: 'x', count: -12, value: Number.NaN, state: 'TWO', is_it: true, tags: [{ key: 'a', at: 5 }], experiment: '3', page: 5, names: [] })
})

test('a query says the same in words', () => {
  const read = readMessage(reading, { id: 'x', count: '3', value: '1e3', state: '1', is_it: 'False', names: 'one' }, true)
  assert.deepEqual([read.count, read.value, read.state, read.is_it, read.names], [3, 1000, 'ONE', false, ['one']])
})

test('what is missing and what is wrong is named by its place', () => {
  for (const [value, told] of [
    [{}, "Missing value for required parameter 'id'"],
    [{ id: null }, "Missing value for required parameter 'id'"],
    [{ id: '' }, "Missing value for required parameter 'id'"],
    [{ id: 'x', tags: [{ key: 'a', at: 1 }, { key: 'b' }] }, "Missing value for required parameter 'tags[1]"],
    [{ id: 3 }, 'invalid id'],
    [{ id: 'x', count: 1.5 }, 'invalid count'],
    [{ id: 'x', count: 'a' }, 'invalid count'],
    [{ id: 'x', value: true }, 'invalid value'],
    [{ id: 'x', value: 'inf' }, 'invalid value'],
    [{ id: 'x', state: 'THREE' }, 'invalid state'],
    [{ id: 'x', state: 3 }, 'invalid state'],
    [{ id: 'x', tags: 'a' }, 'invalid tags'],
    [{ id: 'x', tags: [null] }, 'invalid tags[0]'],
    [{ id: 'x', page: 11 }, 'invalid page'],
    ['text', 'invalid '],
    [{ __proto__: { id: 'x' } }, "Missing value for required parameter 'id'"],
  ] as const) {
    assert.ok(refusal(value).startsWith(told), `${JSON.stringify(value)}: ${refusal(value)}`)
  }
})

test('a refused value is told as it was sent', () => {
  assert.equal(sentValue('{"a": 9.0, "b": [1e3, {"z": "1.0", "c": null}]}', 'a', 9), '9.0')
  assert.equal(sentValue('{"a": 9.0, "b": [1e3, {"z": "1.0", "c": null}]}', 'b', undefined), '[1e3,{"c":null,"z":"1.0"}]')
  assert.equal(sentValue('{"a": [{"b": "\\"7\\""}]}', 'a[0].b', '"7"'), '"\\"7\\""')
  assert.equal(sentValue(undefined, 'a', 'x'), '"x"')
  assert.equal(sentValue('not json', 'a', 7), '7')
})
