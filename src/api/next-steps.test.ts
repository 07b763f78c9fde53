import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunOutcome } from '../database/schema.js'
import { nextSteps } from './next-steps.js'

const stepsOf = (outcome: RunOutcome, check: Partial<Parameters<typeof nextSteps>[2]>): string =>
  nextSteps({ id: 'price-1', model: 'price', outcome, version: 1, error: undefined }, [], { hadChampion: false, isStuck: false, isVetoed: false, isTooSmall: false, ...check }).join(' ')

test('what needs a champion is proposed only where there was one', () => {
  const [first, later] = [{ hadChampion: false, isStuck: false }, { hadChampion: true, isStuck: false }]
  assert.match(stepsOf('promoted', later), /refit rollback price/)
  assert.doesNotMatch(stepsOf('promoted', first), /rollback/)
  for (const outcome of ['rejected', 'inconclusive', 'awaiting-approval'] as const) {
    assert.match(stepsOf(outcome, later), /champion/, outcome)
    assert.doesNotMatch(stepsOf(outcome, first), /champion/, outcome)
  }
})

test('a veto of the champion’s own rows asks to look at the drops', () => {
  assert.match(stepsOf('rejected', { hadChampion: true, isVetoed: true }), /refit drops withdraw <drop>/)
  assert.doesNotMatch(stepsOf('rejected', { hadChampion: true }), /withdraw/)
})

test('a wider margin is not proposed where the test set is too small for any', () => {
  assert.match(stepsOf('inconclusive', {}), /A wider margin.*\. With `approval: 'when-inconclusive'` they would wait/)
  assert.doesNotMatch(stepsOf('inconclusive', { isTooSmall: true }), /margin/)
})

test('approval breaks a deadlock where a version awaits it; elsewhere the definition has to ask for it', () => {
  const stuck = { hadChampion: true, isStuck: true }
  assert.match(stepsOf('awaiting-approval', stuck), /refit approve price-1.*Approve the candidate to break the deadlock/)
  assert.doesNotMatch(stepsOf('inconclusive', stuck), /Approve the candidate|more test rows/i)
  assert.match(stepsOf('inconclusive', stuck), /More data will not settle this: .*when-inconclusive/)
  assert.doesNotMatch(stepsOf('awaiting-approval', { ...stuck, isStuck: false }), /deadlock/)
})
