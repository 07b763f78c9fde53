import assert from 'node:assert/strict'
import { test } from 'node:test'
import { regressionCase, type Sketch } from '../../test/evaluation/cases.js'
import type { StoredRule } from '../define/stored-definition.js'
import { isDeadlocked } from './deadlock.js'
import { judge, type Case } from './judge.js'
import type { Verdict } from './verdict.js'

const notWorse: StoredRule = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }
const atMost = (value: number): StoredRule => ({ kind: 'threshold', metric: 'mae', bound: 'atMost', value })

/** Beside a champion that cannot score the rows. */
function besideNobody(sketch: Sketch, rules: readonly StoredRule[], changes: Partial<Case> = {}): Verdict {
  return judge(regressionCase(sketch, { rules, champion: { version: 3, scored: undefined, reason: 'it needs rooms', fresh: () => false }, ...changes }))
}

test('a comparison that no later run can settle is a deadlock, when everything else holds', () => {
  const verdict = besideNobody({}, [notWorse, atMost(150)])
  assert.deepEqual(verdict.incomparable, { version: 3, reason: 'it needs rooms' })
  assert.equal(isDeadlocked(verdict), true)
})

test('a candidate that breaks a rule, is not proven better than the baseline, or was tested on too few rows, is no deadlock', () => {
  assert.equal(isDeadlocked(besideNobody({}, [notWorse, atMost(50)])), false)
  const undecided = besideNobody({ harm: () => 9, spread: 0.9 }, [notWorse])
  assert.equal(undecided.answer, 'inconclusive')
  assert.equal(isDeadlocked(undecided), false)
  assert.equal(isDeadlocked(besideNobody({ units: 20 }, [notWorse])), false)
})

test('without rules about the champion there is nothing open, and a warning says that nothing was compared', () => {
  const verdict = besideNobody({}, [atMost(150)])
  assert.equal(verdict.answer, 'passed')
  assert.equal(isDeadlocked(verdict), false)
  assert.deepEqual(verdict.warnings, ['Version 3 cannot score these rows: it needs rooms.'])
})

test('an ordinary inconclusive verdict is no deadlock', () => {
  const verdict = judge(regressionCase({ units: 40, rowsPerUnit: 2, spread: 0.6, harm: () => -0.02 }, { rules: [notWorse] }))
  assert.equal(verdict.answer, 'inconclusive')
  assert.equal(isDeadlocked(verdict), false)
})
