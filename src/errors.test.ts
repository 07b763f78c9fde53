import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refitError } from './errors.js'

test('what stands in braces is filled in, in the message and in the hint; what a project file has in braces stays', () => {
  const { message, hint } = refitError('no-rollout', { model: 'house-price' })
  assert.equal(message, 'No version of house-price is being rolled out.')
  assert.match(hint, /^`refit rollout house-price` shows/)
  assert.match(refitError('port-taken', { bind: '127.0.0.1', port: 7700, reason: 'x', where: 'server: { controlPort } in refit.config.ts' }).hint, /another port: server: \{ controlPort \} in/)
})
