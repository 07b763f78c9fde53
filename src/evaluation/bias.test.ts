import assert from 'node:assert/strict'
import { test } from 'node:test'
import { regressionCase } from '../../test/evaluation/cases.js'
import type { StoredRule } from '../define/stored-definition.js'
import { judge, type Case } from './judge.js'
import type { RuleResult } from './verdict.js'

/** The ordinary case with predictions moved: every one of candidate and champion lies beside its target by so much on average. */
function movedCase(candidate: number, champion: number, rules: readonly StoredRule[]): Case {
  const input = regressionCase({ units: 200 }, { rules })
  if (input.champion?.scored?.task !== 'regression' || input.candidate.task !== 'regression') throw new Error('no regression')
  const { targets, values } = input.candidate
  const moved = (by: number): Case['candidate'] => ({ task: 'regression', targets, values: targets.map((target, row) => target + by + ((values[row] ?? 0) - target) / 100) })
  return { ...input, candidate: moved(candidate), champion: { ...input.champion, scored: moved(champion) } }
}

function judged(candidate: number, champion: number, rule: StoredRule): RuleResult {
  const [result] = judge(movedCase(candidate, champion, [rule])).rules
  assert.ok(result !== undefined)
  return result
}

const atMost = (value: number, confidence?: number): StoredRule => ({ kind: 'threshold', metric: 'bias', bound: 'atMost', value, ...(confidence === undefined ? {} : { confidence }) })

test('a limit on bias is one on its size, and the figure keeps its sign', () => {
  const tooLow = judged(-20, 0, atMost(15))
  assert.equal(tooLow.answer, 'failed')
  assert.ok((tooLow.candidate?.upper ?? 0) < -15)
  assert.match(tooLow.explanation, /^bias is -\d[\d.]*, [\d.]+ too much; at most 15 either way is asked for\./)
  assert.equal(judged(20, 0, atMost(15)).answer, 'failed')
  assert.equal(judged(-20, 0, atMost(25)).answer, 'passed')
  assert.equal(judged(20, 0, atMost(25)).answer, 'passed')
})

test('with a confidence both ends of the interval of bias must keep the limit', () => {
  const wide = judged(-20, 0, atMost(1000, 0.95))
  const { lower, upper } = wide.candidate ?? { lower: null, upper: null }
  assert.ok(lower !== null && upper !== null && lower < upper && upper < 0)
  assert.equal(judged(-20, 0, atMost(-lower - 1e-6, 0.95)).answer, 'failed')
  assert.equal(judged(-20, 0, atMost(-lower + 1e-6, 0.95)).answer, 'passed')
})

test('a candidate whose bias is nearer to zero than the champion’s is better, whatever the signs', () => {
  const better: StoredRule = { kind: 'champion', metric: 'bias', comparison: 'better', margin: { relative: 0.03 } }
  for (const [candidate, champion] of [[10, 20], [-10, 20], [10, -20], [-10, -20]] as const) {
    assert.equal(judged(candidate, champion, better).answer, 'passed', `${candidate} beside ${champion}`)
    assert.equal(judged(champion, candidate, better).answer, 'failed', `${champion} beside ${candidate}`)
  }
})
