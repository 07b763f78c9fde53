import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignatureColumn } from '../packages/manifest.js'
import { packBatch, unpackBatch } from './packed-batch.js'

const inputs: SignatureColumn[] = [
  { name: 'rooms', type: 'number', optional: true },
  { name: 'district', type: 'category', optional: true },
  { name: 'garden', type: 'boolean', optional: true },
  { name: 'street', type: 'category', optional: false },
]

test('rows come out of a thread message as they went in, whatever is missing in them', () => {
  const batch = {
    rows: 4,
    columns: { rooms: [0, -0, null, 1e308], district: ['', null, 'NaN', '98029'], garden: [true, false, null, true], street: ['a', 'b', 'c', '\ud800'] },
  }
  assert.deepEqual(unpackBatch({ inputs }, structuredClone(packBatch({ inputs }, batch))), batch)
})

test('a column that nobody gave is one of missing values', () => {
  const { columns } = unpackBatch({ inputs }, packBatch({ inputs }, { rows: 2, columns: { rooms: [1, 2] } }))
  assert.deepEqual(columns, { rooms: [1, 2], district: [null, null], garden: [null, null], street: [null, null] })
})
