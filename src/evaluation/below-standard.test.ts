import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coded, regressionCase, type Sketch } from '../../test/evaluation/cases.js'
import type { StoredRule } from '../define/stored-definition.js'
import { judge, type Case } from './judge.js'

const atMost = (value: number): StoredRule => ({ kind: 'threshold', metric: 'mae', bound: 'atMost', value })
const notWorse: StoredRule = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }

/** The champion's MAE is about 100: a threshold of 60 is broken by both, one of 95 by the champion alone. */
function judged(sketch: Sketch, limit: number, changes: Partial<Case> = {}): ReturnType<typeof judge> {
  return judge(regressionCase(sketch, { rules: [atMost(limit), notWorse], replaceIfBetter: true, ...changes }))
}

test('a candidate that breaks a threshold replaces a champion that breaks it too, if it is proven better and the definition says so', () => {
  const verdict = judged({ harm: () => -0.2 }, 60)
  assert.equal(verdict.answer, 'passed')
  assert.deepEqual(verdict.rules.map(({ answer, lesserEvil }) => [answer, lesserEvil]), [['passed', true], ['passed', undefined]])
  assert.match(verdict.rules[0]?.explanation ?? '', /at most 60 is asked for\. Version 3 has [\d.]+ on the same rows and falls short as well\. The candidate is proven better than it: with 95 % confidence 1\d\.\d % better at worst, and takes its place as the lesser evil\.$/)
  assert.match(verdict.summary, /^Passed as the lesser evil\. MAE is .* All other rules hold\.$/)
  assert.equal(judged({ harm: () => -0.2 }, 60, { replaceIfBetter: false }).answer, 'failed')
})

test('a candidate that is not proven better than the champion is no lesser evil', () => {
  for (const harm of [0, -0.002, 0.1]) {
    const verdict = judged({ harm: () => harm, spread: 0.5 }, 60)
    assert.equal(verdict.answer, 'failed', String(harm))
    assert.match(verdict.rules[0]?.explanation ?? '', /not proven better than it, so it is no lesser evil\.$/)
  }
})

test('a threshold that only the candidate breaks is never excused, however much better it is elsewhere', () => {
  const verdict = judge(regressionCase({ harm: () => -0.2 }, { replaceIfBetter: true, rules: [atMost(60), { kind: 'threshold', metric: 'mape', bound: 'atLeast', value: 0.09 }] }))
  assert.deepEqual(verdict.rules.map(({ answer }) => answer), ['passed', 'failed'])
  assert.equal(verdict.answer, 'failed')
})

test('a lesser evil that has learned poison is still kept out: it is worse on the rows that the champion was selected on', () => {
  const verdict = judged({ units: 120, harm: (unit) => (unit < 60 ? 0.1 : -0.6), fresh: (unit) => unit >= 60 }, 60)
  assert.equal(verdict.rules[0]?.answer, 'failed')
})

test('how the champion falls short is told by threshold, in words that stand alone', () => {
  const verdict = judged({ harm: () => -0.2 }, 95)
  assert.equal(verdict.answer, 'passed')
  assert.equal(verdict.belowStandard, true)
  assert.match(verdict.shortfalls?.join(' ') ?? '', /^MAE is [\d.]+, [\d.]+ too much; at most 95 is asked for\.$/)
  assert.equal(judged({}, 200).shortfalls, undefined)
})

test('a champion that is proven to break a threshold in one value of a column falls short too, and in which is told', () => {
  // Errors of the north are twice as large, for all models alike; the candidate halves them.
  const inNorth = (unit: number): boolean => unit % 4 === 0
  const verdictOf = (harm: (unit: number) => number, strain = 2): ReturnType<typeof judge> => {
    const input = regressionCase({ units: 200, strain: (unit) => (inNorth(unit) ? strain : 1), harm })
    const slices = { district: coded(Array.from(input.unitOfRow, (unit) => (inNorth(unit) ? 'north' : 'south'))) }
    return judge({ ...input, slices, rules: [{ kind: 'threshold', metric: 'mae', bound: 'atMost', value: 150, slice: { column: 'district', minimumRows: 30 } }, notWorse] })
  }
  const better = verdictOf((unit) => (inNorth(unit) ? -0.5 : 0))
  assert.deepEqual([better.answer, better.belowStandard], ['passed', true])
  assert.match(better.shortfalls?.join(' ') ?? '', /^MAE for each district, at most 150: 1 of 2 breaks it: north \((19|20)\d(\.\d+)?, [45]\d(\.\d+)? too much\)\.$/)
  assert.match(better.rules[0]?.explanation ?? '', /none of 2 is proven to break it\. All rows are covered\. Version 3 breaks it on the same rows: north \((19|20)\d/)
  assert.deepEqual(better.rules[0]?.slices?.judged.map(({ value, answer, champion }) => [value, answer, champion?.answer]), [['north', 'passed', 'failed'], ['south', 'passed', 'passed']])
  assert.deepEqual([verdictOf(() => 0, 1).belowStandard, verdictOf(() => 0, 1).shortfalls], [false, undefined])
  // What only the candidate breaks says nothing of the model that serves.
  const worse = verdictOf((unit) => (inNorth(unit) ? 1 : 0), 1)
  assert.deepEqual([worse.rules[0]?.answer, worse.belowStandard], ['failed', false])
})
