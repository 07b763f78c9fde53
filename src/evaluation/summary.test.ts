import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unservableVerdict } from './summary.js'

test('of a candidate that cannot be served it is said what stays, if anything does', () => {
  assert.equal(unservableVerdict('mae', 1, 'It hangs.', true).summary, 'Rejected. The candidate cannot be served: It hangs. The champion stays.')
  assert.equal(unservableVerdict('mae', 1, 'It hangs.', false).summary, 'Rejected. The candidate cannot be served: It hangs. Nothing is promoted; the next run tries again.')
})
