import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './measures.js'
import { approvalWhen, resolveApproval } from './resolve-approval.js'

const duration = (text: string): number => parseDuration(text) ?? 0

test('an approval without an end is the same however it is written, so that no definition changes by it', () => {
  assert.equal(resolveApproval('always', duration), 'always')
  assert.equal(resolveApproval({ when: 'always' }, duration), 'always')
})

test('an approval that expires keeps when it is asked for', () => {
  const stored = resolveApproval({ when: 'when-inconclusive', expires: '14 days' }, duration)
  assert.deepEqual(stored, { when: 'when-inconclusive', expiresAfter: 1_209_600_000 })
  assert.deepEqual([stored, 'never' as const, 'always' as const].map(approvalWhen), ['when-inconclusive', 'never', 'always'])
})
