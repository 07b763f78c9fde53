import assert from 'node:assert/strict'
import { test } from 'node:test'
import { regressionCase } from '../../test/evaluation/cases.js'
import type { MetricRule } from '../define/stored-definition.js'
import { judge, type Case, type FormerChampion } from './judge.js'
import type { RuleResult, Verdict } from './verdict.js'

const rule: MetricRule = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }
const STEP = 1.025

/**
 * A chain in which each version is 2.5 % worse than the one before: a candidate beside the champion that served after
 * `steps` others. Former champions are numbered from 1 on; the champion is version 3, as in all cases.
 */
function chain(steps: number, changes: Partial<Case> = {}): Case {
  const input = regressionCase({ units: 200, harm: () => STEP - 1, spread: 0.02 }, { rules: [rule] })
  const { scored } = input.champion ?? {}
  assert.ok(scored?.task === 'regression')
  const formers = Array.from({ length: steps }, (_, index): FormerChampion => {
    const better = STEP ** (index + 1)
    return { version: 100 - index, scored: { ...scored, values: scored.values.map((value, row) => (scored.targets[row] ?? 0) + (value - (scored.targets[row] ?? 0)) / better) }, eligible: () => true }
  })
  return { ...input, formers, ...changes }
}

function creepOf(verdict: Verdict): RuleResult {
  const found = verdict.rules.find(({ rule: { kind } }) => kind === 'creep')
  assert.ok(found !== undefined)
  return found
}

test('a chain of candidates that are each 2.5 % worse, which a margin of 3 % lets through, is stopped', () => {
  const first = judge(chain(0))
  assert.equal(first.answer, 'passed')
  assert.deepEqual(first.rules.map(({ rule: { kind } }) => kind), ['champion'])
  for (const steps of [1, 3, 8]) {
    const verdict = judge(chain(steps))
    assert.deepEqual(verdict.rules.map(({ rule: { kind }, origin, answer }) => [kind, origin, answer]), [['champion', 'definition', 'passed'], ['creep', 'built-in', 'failed']], String(steps))
    assert.equal(verdict.answer, 'failed')
  }
  const verdict = judge(chain(3))
  assert.match(verdict.summary, /^Rejected\. MAE is [\d.]+; version 98, the best beside it of 3 former champions, has [\d.]+ on the same rows: 10\.\d % worse, with 95 % confidence for all of them together at least [\d.]+ % worse\. At most 3 % is allowed, also in many small steps\. The champion stays\.$/)
  assert.deepEqual(creepOf(verdict).former?.compared.map(({ version }) => version), [100, 99, 98])
})

test('former champions that are not proven better by more than the margin let it pass', () => {
  const input = chain(4)
  const equal = judge({ ...input, formers: (input.formers ?? []).map((former) => ({ ...former, scored: input.champion?.scored })) })
  assert.equal(equal.answer, 'passed')
  assert.match(creepOf(equal).explanation, /2\.\d+ % worse\. It is not proven more than 3 % worse than any of them\.$/)
})

test('a former champion that cannot be compared is passed over by name', () => {
  const input = chain(2)
  const [one, other] = input.formers ?? []
  assert.ok(one !== undefined && other !== undefined)
  const lost: FormerChampion = { version: 98, scored: undefined, reason: 'made from d7, withdrawn since', eligible: () => true }
  const seen: FormerChampion = { ...other, eligible: (row) => row < 40 }
  const verdict = judge({ ...input, formers: [{ ...one, scored: input.champion?.scored }, seen, lost] })
  assert.equal(verdict.answer, 'passed')
  assert.match(creepOf(verdict).explanation, /Not compared: version 98 \(made from d7, withdrawn since\), version 99 \(too few rows are left that it has not trained on\)\.$/)
  assert.match(creepOf(judge({ ...input, formers: [lost] })).explanation, /^No former champion could be compared\. Not compared: version 98/)
})

test('a former champion is compared on the rows that it and the candidate may be judged by, not on those of the champion', () => {
  const verdict = judge(chain(1, { eligible: (row) => row < 400 }))
  assert.equal(verdict.test.rows, 400)
  assert.equal(creepOf(verdict).former?.compared[0]?.rows, 800)
})

test('what weighs nothing says nothing of a former champion either', () => {
  const input = chain(0)
  const { scored } = input.champion ?? {}
  assert.ok(scored?.task === 'regression')
  // Like the champion, but for the second half of the rows, in which it was twice as good.
  const values = scored.values.map((value, row) => (row < 400 ? value : ((scored.targets[row] ?? 0) + value) / 2))
  const formers: readonly FormerChampion[] = [{ version: 2, scored: { ...scored, values }, eligible: () => true }]
  const weights = Float64Array.from(values, (_, row) => (row < 400 ? 1 : 0))
  assert.equal(creepOf(judge({ ...input, formers })).answer, 'failed')
  assert.equal(creepOf(judge({ ...input, formers, weights })).answer, 'passed')
})
