import assert from 'node:assert/strict'
import { test } from 'node:test'
import { regressionCase, type Sketch } from '../../test/evaluation/cases.js'
import type { StoredRule } from '../define/stored-definition.js'
import { judge, type Case } from './judge.js'
import type { RuleResult } from './verdict.js'

const rule: StoredRule = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }

/** Units below `old` are the champion's own, the others have arrived since. */
function compared(old: number, sketch: Sketch, changes: Partial<Case> = {}): RuleResult {
  const [result] = judge(regressionCase({ ...sketch, fresh: (unit) => unit >= old }, { rules: [rule], ...changes })).rules
  assert.ok(result !== undefined)
  return result
}

function harmOf({ difference }: RuleResult): number {
  assert.ok(typeof difference?.value === 'number')
  return difference.value
}

test('rows that arrived after the champion was trained decide where they are enough', () => {
  const result = compared(60, { units: 120, harm: (unit) => (unit < 60 ? 0.02 : -0.1) })
  assert.equal(result.answer, 'passed')
  assert.ok(Math.abs(harmOf(result) + 0.1) < 0.02)
  assert.match(result.explanation, /Decided on the rows that arrived after the champion was trained\. On the champion's own test rows it is [\d.]+ % worse\.$/)
})

test('a candidate that is better on the reused rows alone does not pass', () => {
  const result = compared(60, { units: 120, harm: (unit) => (unit < 60 ? -0.3 : 0.1) })
  assert.equal(result.answer, 'failed')
  assert.ok(Math.abs(harmOf(result) - 0.1) < 0.02)
})

test('fewer than 30 fresh groups leave the decision to all rows, marked as reused', () => {
  const result = compared(60, { units: 89, harm: (unit) => (unit < 60 ? 0 : -0.1) })
  assert.equal(result.answer, 'passed')
  assert.ok(harmOf(result) > -0.06)
  assert.match(result.explanation, /Decided on all test rows; those that the champion was selected on are reused, which favours the champion\. On the champion's own test rows it is /)
})

test('fresh rows that cannot tell the margin leave the decision to all rows, even if the candidate would pass on them', () => {
  const result = compared(60, { units: 100, harm: (unit) => (unit < 60 ? 0 : -0.4), spread: 0.9, rowsPerUnit: 1 })
  assert.match(result.explanation, /Decided on all test rows/)
})

test('fresh rows on which the candidate is proven worse decide, however few they are', () => {
  const result = compared(160, { units: 195, harm: (unit) => (unit < 160 ? -0.1 : 0.6), spread: 0.6, rowsPerUnit: 1 })
  assert.equal(result.answer, 'failed')
  assert.match(result.explanation, /Decided on the rows that arrived after/)
})

test('fresh rows that are enough and settle nothing are not followed by a second throw on all rows', () => {
  const sketch = { units: 160, spread: 0.2, harm: (unit: number) => (unit < 120 ? -0.2 : 0.03) }
  const result = compared(120, sketch)
  assert.equal(result.answer, 'inconclusive')
  assert.match(result.explanation, /Decided on the rows that arrived after/)
  assert.equal(compared(200, sketch).answer, 'passed')
})

test('a candidate that is proven worse on the champion’s own rows fails, whatever the fresh rows say', () => {
  const poisoned = (unit: number): number => (unit < 60 ? 0.1 : -0.4)
  const result = compared(60, { units: 120, harm: poisoned })
  assert.equal(result.answer, 'failed')
  assert.equal(result.vetoed, true)
  assert.ok(Math.abs(harmOf(result) - 0.1) < 0.02, 'the figures are those that decide')
  assert.match(result.explanation, /at most 3 % worse is allowed; with 95 % confidence it is [\d.]+ % worse at best, [\d.]+ percentage points too much\. Decided on the test rows that version 3 was selected on\. On the rows that arrived after it was trained the candidate is 4\d[\d.]* % better: so it looks when wrong data/i)
  const verdict = judge(regressionCase({ units: 120, harm: poisoned, fresh: (unit) => unit >= 60 }, { rules: [{ ...rule, comparison: 'better' }] }))
  assert.equal(verdict.answer, 'failed')
})

test('wrong data on both sides is not suspected where the candidate is no better on the new rows', () => {
  const result = compared(60, { units: 120, harm: (unit) => (unit < 60 ? 0.1 : 0.01) })
  assert.equal(result.vetoed, true)
  assert.match(result.explanation, /On the rows that arrived after it was trained the candidate is [\d.]+ % worse\.$/)
})

test('an undefined difference on the champion’s own rows never passes', () => {
  const input = regressionCase({ units: 120, harm: () => -0.2, fresh: (unit) => unit >= 60 }, { rules: [{ ...rule, metric: 'mape' }] })
  assert.ok(input.candidate.task === 'regression')
  const { targets } = input.candidate
  assert.equal(judge(input).answer, 'passed')
  targets[0] = 0
  const { answer, rules: [result] } = judge(input)
  assert.equal(answer, 'failed')
  assert.match(result?.explanation ?? '', /On the champion's own test rows the difference is undefined, and an undefined difference never passes\.$/)
})

test('being worse on the champion’s own rows by less than the margin, or without proof, is no veto', () => {
  assert.equal(compared(60, { units: 120, harm: (unit) => (unit < 60 ? 0.02 : -0.1) }).answer, 'passed')
  assert.equal(compared(30, { units: 120, harm: (unit) => (unit < 30 ? 0.04 : -0.1), spread: 0.4 }).answer, 'passed')
})

test('by time the champion’s own rows are told, and decide nothing', () => {
  const result = compared(60, { units: 120, harm: (unit) => (unit < 60 ? 0.1 : -0.4) }, { split: 'time', unit: 'day' })
  assert.equal(result.answer, 'passed')
  assert.match(result.explanation, /On the champion's own test rows it is 1[\d.]+ % worse, and with 95 % confidence/)
})

test('by time they decide where the definition says so', () => {
  const result = compared(60, { units: 120, harm: (unit) => (unit < 60 ? 0.1 : -0.4) }, { split: 'time', unit: 'day', rules: [{ ...rule, ownRowsDecide: true }] })
  assert.equal(result.answer, 'failed')
  assert.match(result.explanation, /Decided on the test rows that version 3 was selected on\./)
})

test('how often reused rows have been used before is told', () => {
  const input = regressionCase({}, { rules: [rule] })
  for (const [reused, words] of [[1, 'once'], [4, '4 times']] as const) {
    assert.ok(input.champion !== undefined)
    const verdict = judge({ ...input, champion: { ...input.champion, reused } })
    assert.equal(verdict.test.reused, reused)
    assert.match(verdict.rules[0]?.explanation ?? '', new RegExp(`are reused \\(${words} before\\), which favours the champion`))
  }
})

test('when every test row is fresh there is nothing to reuse', () => {
  assert.match(compared(0, {}).explanation, /All test rows arrived after the champion was trained\.$/)
})

/** Of a champion that was trained on its own rows since, those of units below `old`, only the others may judge; what was checked for it stands in on its own. */
function besideProxy(old: number, sketch: Sketch, changes: Partial<Case> = {}, reason?: string): RuleResult {
  const { rowsPerUnit = 4 } = sketch
  const input = regressionCase({ ...sketch, fresh: () => true }, { rules: [rule], ...changes })
  assert.ok(input.champion?.scored !== undefined)
  const isOwn = (row: number): boolean => Math.floor(row / rowsPerUnit) < old
  const [result] = judge({ ...input, eligible: (row) => !isOwn(row), champion: { ...input.champion, proxy: { scored: reason === undefined ? input.champion.scored : undefined, reason, own: isOwn } } }).rules
  assert.ok(result !== undefined)
  return result
}

test('where a champion knows its own rows the package that was checked for it vetoes on them', () => {
  const poisoned = (unit: number): number => (unit < 60 ? 0.1 : -0.4)
  const result = besideProxy(60, { units: 120, harm: poisoned })
  assert.deepEqual([result.answer, result.vetoed], ['failed', true])
  assert.ok(Math.abs(harmOf(result) - 0.1) < 0.02, 'the figures are those that decide')
  assert.match(result.explanation, /Decided on the test rows that version 3 was selected on, beside the package that was checked for it\. On the rows that arrived after it was trained the candidate is 4\d[\d.]* % better: so it looks when wrong data/)
  assert.equal(besideProxy(20, { units: 80, harm: (unit) => (unit < 20 ? 0.1 : -0.4) }).answer, 'passed', 'too few of them veto nothing')
})

test('beside that package a candidate that is no worse passes on the rows that are new, and both are told', () => {
  const result = besideProxy(60, { units: 120, harm: () => -0.1 })
  assert.deepEqual([result.answer, result.vetoed], ['passed', undefined])
  assert.match(result.explanation, /All test rows arrived after the champion was trained\. On the champion's own test rows, beside the package that was checked for it, it is [\d.]+ % better\.$/)
})

test('by time that package is told too, and decides where the definition says so', () => {
  const sketch: Sketch = { units: 120, harm: (unit) => (unit < 60 ? 0.1 : -0.4) }
  assert.equal(besideProxy(60, sketch, { split: 'time', unit: 'day' }).answer, 'passed')
  assert.equal(besideProxy(60, sketch, { split: 'time', unit: 'day', rules: [{ ...rule, ownRowsDecide: true }] }).answer, 'failed')
})

test('where that package cannot be asked nothing passes for want of a veto, and the reason is told', () => {
  const better: Sketch = { units: 120, harm: () => -0.1 }
  const unasked = besideProxy(60, better, {}, 'Its package is damaged.')
  assert.equal(unasked.answer, 'inconclusive')
  assert.match(unasked.explanation, /On the test rows that version 3 was selected on nothing can be said: the package that was checked for it cannot score them: Its package is damaged\.$/)
  assert.equal(besideProxy(60, { units: 120, harm: () => 0.4 }, {}, 'Its package is damaged.').answer, 'failed', 'what is worse on the new rows is worse')
  assert.equal(besideProxy(60, better, { split: 'time', unit: 'day' }, 'Its package is damaged.').answer, 'passed', 'by time those rows do not decide')
})
