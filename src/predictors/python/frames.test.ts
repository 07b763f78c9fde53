import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frameOf, frameReader, type Frame } from './frames.js'

const messages = [frameOf({ rows: 1, texts: ['süd'] }, Buffer.from([1, 2, 3])), frameOf({}), frameOf({ error: 'x'.repeat(1000) }, Buffer.alloc(70_000, 7), Buffer.from([9]))]

test('messages are put together again however they arrive', () => {
  const stream = Buffer.concat(messages)
  for (const size of [1, 3, 7, 8, 9, 4096, stream.length]) {
    const read: Frame[] = []
    const reader = frameReader(1_000_000, (frame) => read.push(frame))
    for (let at = 0; at < stream.length; at += size) reader(stream.subarray(at, at + size))
    assert.deepEqual(read.map(({ header, payload }) => [header, payload.length, payload.at(-1)]), [[{ rows: 1, texts: ['süd'] }, 3, 3], [{}, 0, undefined], [{ error: 'x'.repeat(1000) }, 70_001, 9]], `in pieces of ${size}`)
  }
})

test('a message that is too long, or has no header, is refused before it is taken in', () => {
  const reader = (): ((chunk: Buffer) => void) => frameReader(100, () => assert.fail('there is no message'))
  for (const [length, header] of [[101, 10], [20, 17], [0, 0], [4_000_000_000, 2]] as const) {
    const start = Buffer.alloc(8)
    start.writeUInt32LE(length, 0)
    start.writeUInt32LE(header, 4)
    assert.throws(() => reader()(start), /a message of/, `${length} ${header}`)
  }
  assert.throws(() => reader()(Buffer.concat([Buffer.from([8, 0, 0, 0, 4, 0, 0, 0]), Buffer.from('nope')])))
})
