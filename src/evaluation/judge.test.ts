import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import { classificationCase, coded, regressionCase } from '../../test/evaluation/cases.js'
import type { StoredRule } from '../define/stored-definition.js'
import { judge, type Case } from './judge.js'
import { Verdict, type RuleResult } from './verdict.js'

const notWorse: StoredRule = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }
const better: StoredRule = { ...notWorse, comparison: 'better' }
const atMost = (value: number, confidence?: number): StoredRule => ({
  kind: 'threshold',
  metric: 'mae',
  bound: 'atMost',
  value,
  ...(confidence === undefined ? {} : { confidence }),
})

/** What the only rule, or the first one, found. */
function onlyRule(input: Case): RuleResult {
  const [result] = judge(input).rules
  assert.ok(result !== undefined)
  return result
}

/** Fails where a figure is undefined. */
function known(value: number | null | undefined): number {
  assert.ok(typeof value === 'number')
  return value
}

test('a candidate whose worst case lies within the margin passes', () => {
  const result = onlyRule(regressionCase({ harm: () => 0.01 }, { rules: [notWorse] }))
  assert.equal(result.answer, 'passed')
  assert.ok(known(result.difference?.upper) <= 0.03)
  assert.match(result.explanation, /^MAE is [\d.]+, version 3 has [\d.]+ on the same rows: [\d.]+ % worse \(90 % interval: .* to .*\)\. At most 3 % worse is allowed; with 95 % confidence it is [\d.]+ % worse at worst\./)
})

test('a candidate that is proven worse by more than the margin fails, and is told by how much', () => {
  const verdict = judge(regressionCase({ harm: () => 0.1 }, { rules: [notWorse] }))
  const [result] = verdict.rules
  assert.equal(result?.answer, 'failed')
  assert.ok(known(result.difference?.lower) > 0.03)
  assert.match(result.explanation, /At most 3 % worse is allowed; with 95 % confidence it is [\d.]+ % worse at best, [\d.]+ percentage points too much\./)
  assert.equal(verdict.answer, 'failed')
  assert.match(verdict.summary, /^Rejected\. MAE is .* The champion stays\.$/)
})

test('a candidate that may be on either side of the margin is inconclusive, with what the test set can tell and how much more it takes', () => {
  const sketch = { units: 40, rowsPerUnit: 2, spread: 0.6 } as const
  const first = judge(regressionCase({ ...sketch, harm: () => -0.02 }, { rules: [notWorse] }))
  const [result] = first.rules
  assert.equal(first.answer, 'inconclusive')
  assert.equal(result?.answer, 'inconclusive')
  const { smallestDetectable, moreUnits, difference } = result
  // 2.5 standard errors, as the interval of twice 1.645 of them has it; 40 units have a wider one, and the power is added to that.
  const fromInterval = (2.5 * (known(difference?.upper) - known(difference?.lower))) / (2 * 1.645)
  assert.ok(Math.abs(known(smallestDetectable) / fromInterval - 1) < 0.1)
  assert.ok(known(smallestDetectable) > known(difference?.upper) - known(difference?.value))
  assert.match(result.explanation, /Four times of five this test set can tell a difference of [\d.]+ %\. About [\d,]+ more test groups would settle it, should the difference stay as it is\./)
  assert.match(first.summary, /^Inconclusive\. .* The champion stays\.$/)
  const units = sketch.units + 2 * known(moreUnits)
  assert.notEqual(judge(regressionCase({ ...sketch, units, harm: () => -0.02 }, { rules: [notWorse] })).answer, 'inconclusive')
})

test('a margin below what the test set tells apart is warned of, also when the candidate passes', () => {
  const verdict = judge(regressionCase({ harm: () => -0.2, spread: 0.6, rowsPerUnit: 2 }, { rules: [notWorse] }))
  assert.equal(verdict.answer, 'passed')
  assert.match(verdict.warnings.join(' '), /^The margin of 3 % for MAE is below what this test set can tell four times of five \([\d.]+ %\): /)
  assert.deepEqual(judge(regressionCase({}, { rules: [notWorse] })).warnings, [])
})

test('an absolute margin is in the unit of the metric', () => {
  const rule: StoredRule = { ...notWorse, margin: { absolute: 5 } }
  const passed = onlyRule(regressionCase({ harm: () => 0.03 }, { rules: [rule] }))
  assert.equal(passed.answer, 'passed')
  assert.ok(known(passed.difference?.value) > 2 && known(passed.difference?.value) < 4)
  const failed = onlyRule(regressionCase({ harm: () => 0.1 }, { rules: [rule] }))
  assert.equal(failed.answer, 'failed')
  assert.match(failed.explanation, /At most 5 worse is allowed; with 95 % confidence it is [\d.]+ worse at best/)
})

test('better passes only when it is proven: a little better than can be told, equal and worse do not', () => {
  const answerFor = (harm: number, spread: number): string => onlyRule(regressionCase({ harm: () => harm, spread }, { rules: [better] })).answer
  assert.equal(answerFor(-0.05, 0.1), 'passed')
  assert.equal(answerFor(-0.005, 0.6), 'inconclusive')
  assert.equal(answerFor(0, 0), 'inconclusive')
  assert.equal(answerFor(0.05, 0.1), 'failed')
})

test('where more is better, harm is less of it', () => {
  const rule: StoredRule = { kind: 'champion', metric: 'r2', comparison: 'notWorse', margin: { absolute: 0.3 } }
  const worse = onlyRule(regressionCase({ harm: () => 0.5 }, { rules: [rule] }))
  assert.equal(worse.answer, 'failed')
  assert.ok(known(worse.candidate?.value) < known(worse.champion?.value))
  assert.equal(onlyRule(regressionCase({ harm: () => -0.5 }, { rules: [{ ...rule, comparison: 'better' }] })).answer, 'passed')
})

test('a threshold holds for the point estimate', () => {
  const input = regressionCase()
  const { value, upper } = bounded(judge(input).candidate['mae'])
  const between = (value + upper) / 2
  assert.equal(onlyRule({ ...input, rules: [atMost(between)] }).answer, 'passed')
  const failed = onlyRule({ ...input, rules: [atMost(value - 1)] })
  assert.equal(failed.answer, 'failed')
  assert.match(failed.explanation, /^MAE is [\d.]+, 1 too much; at most [\d.]+ is asked for\. Version 3 has [\d.]+ on the same rows and falls short as well\.$/)
  assert.deepEqual([failed.candidate?.value, failed.limit], [value, value - 1])
})

test('a threshold with confidence is asked of the bound', () => {
  const input = regressionCase()
  const { value, upper } = bounded(judge(input).candidate['mae'])
  const failed = onlyRule({ ...input, rules: [atMost((value + upper) / 2, 0.95)] })
  assert.equal(failed.answer, 'failed')
  assert.match(failed.explanation, /^MAE is [\d.]+, with 95 % confidence at most [\d.]+, [\d.]+ too much; at most [\d.]+ is asked for\./)
  assert.equal(onlyRule({ ...input, rules: [atMost(upper, 0.95)] }).answer, 'passed')
  assert.equal(onlyRule({ ...input, rules: [atMost(upper, 0.99)] }).answer, 'failed')
  const { lower } = bounded(judge(input).candidate['mae'])
  assert.equal(onlyRule({ ...input, rules: [{ kind: 'threshold', metric: 'mae', bound: 'atLeast', value: lower, confidence: 0.95 }] }).answer, 'passed')
  assert.equal(onlyRule({ ...input, rules: [{ kind: 'threshold', metric: 'mae', bound: 'atLeast', value, confidence: 0.95 }] }).answer, 'failed')
})

test('the champion is measured against the same thresholds: falling short of them is said, in the same way as it is asked', () => {
  const input = regressionCase({ harm: () => -0.2 })
  const champion = bounded(judge(input).champion?.metrics['mae'])
  const verdict = judge({ ...input, rules: [atMost(champion.value - 5)] })
  assert.equal(verdict.answer, 'passed')
  assert.equal(verdict.belowStandard, true)
  assert.match(verdict.rules[0]?.explanation ?? '', /Version 3 has [\d.]+ on the same rows and falls short as well\.$/)
  assert.equal(judge({ ...input, rules: [atMost((champion.value + champion.upper) / 2)] }).belowStandard, false)
  assert.equal(judge({ ...input, rules: [atMost((champion.value + champion.upper) / 2, 0.95)] }).belowStandard, true)
})

test('one failed rule fails the verdict, whatever the others are', () => {
  const verdict = judge(regressionCase({ harm: () => -0.02, spread: 0.6, rowsPerUnit: 1 }, { rules: [notWorse, atMost(1000), atMost(10)] }))
  assert.deepEqual(verdict.rules.map(({ answer }) => answer), ['inconclusive', 'passed', 'failed'])
  assert.equal(verdict.answer, 'failed')
})

test('what is broken on too small a set is told, and what does not look at its rows fails all the same', () => {
  const size: StoredRule = { kind: 'packageSize', bytes: 1000 }
  const input = regressionCase({ units: 20 }, { rules: [atMost(10), size] })
  const sized = (answer: 'passed' | 'failed'): Verdict => judge({ ...input, elsewhere: new Map([[size, { rule: size, origin: 'definition', answer, explanation: 'The package has 2 kB.' }]]) })
  assert.match(sized('passed').summary, /^Inconclusive\. The test set has 20 groups; at least 30 are needed to judge\. On what there is: MAE is [\d.]+, [\d.]+ too much; /)
  assert.deepEqual([sized('failed').answer, sized('failed').summary], ['failed', 'Rejected. The package has 2 kB. The champion stays.'])
})

test('fewer than 30 groups or 20 blocks of time are inconclusive, however clear the figures', () => {
  for (const [units, split, unit] of [[29, 'group', 'group'], [19, 'time', 'day']] as const) {
    const input = regressionCase({ units, harm: () => -0.5 }, { split, unit })
    const verdict = judge(input)
    assert.equal(verdict.answer, 'inconclusive')
    assert.match(verdict.summary, new RegExp(`^Inconclusive\\. The test set has ${units} ${unit}s; at least ${units + 1} are needed to judge\\. The champion stays\\.$`))
    assert.deepEqual(verdict.test.units, units)
    assert.equal(judge(regressionCase({ units: units + 1, harm: () => -0.5 }, { split, unit })).answer, 'passed')
    assert.equal(judge({ ...input, rules: [atMost(0)] }).answer, 'inconclusive')
  }
})

test('one group with nearly all rows is a small set, however many share the rest, and is told as that', () => {
  const units = 40
  const input = regressionCase({ units, rowsPerUnit: 20, harm: () => -0.3 })
  // 760 of 800 rows, but one of each of the others.
  const unitOfRow = input.unitOfRow.map((unit, row) => (row % 20 === 0 ? unit : 0))
  for (const rules of [[], [notWorse], [atMost(1000, 0.95)]]) {
    const verdict = judge({ ...input, rules, unitOfRow })
    assert.equal(verdict.answer, 'inconclusive')
    assert.match(verdict.summary, /^Inconclusive\. One group has 95\.1 % of the rows of the test set: its 40 groups tell no more than 1\.105 of equal size would; at least 2 are needed to judge\. The champion stays\.$/)
    assert.ok(verdict.rules.every(({ answer }) => answer !== 'failed'))
    assert.equal(verdict.belowStandard, false)
  }
  const weights = new Float64Array(800).fill(1).map((_, row) => (row < 20 ? 1000 : 1))
  assert.match(judge({ ...input, weights }).summary, /One group has 96\.2 % of the weight of the test set/)
})

test('fewer than 10 rows of a class are inconclusive', () => {
  assert.equal(judge(classificationCase(100, 10)).answer, 'passed')
  const verdict = judge(classificationCase(90, 10))
  assert.equal(verdict.answer, 'inconclusive')
  assert.match(verdict.summary, /The test set has 9 rows of its rarest class; at least 10 are needed to judge\. Nothing is promoted; the next run tries again\.$/)
})

test('only eligible rows are judged, and the others are counted', () => {
  const harm = (unit: number): number => (unit < 40 ? 0.5 : -0.1)
  const input = regressionCase({ units: 100, harm }, { eligible: (row) => row >= 160 })
  const verdict = judge(input)
  assert.equal(verdict.answer, 'passed')
  assert.deepEqual(verdict.test, { rows: 240, units: 60, unit: 'group', ineligibleRows: 160, freshRows: 0 })
  assert.equal(judge({ ...input, eligible: () => false }).answer, 'inconclusive')
})

test('without rules the candidate must beat the baseline and not be worse than the champion', () => {
  const verdict = judge(regressionCase())
  assert.deepEqual(verdict.rules.map(({ rule, origin, answer }) => [rule.kind, origin, answer]), [['baseline', 'default', 'passed'], ['champion', 'default', 'passed']])
  assert.match(verdict.summary, /^Passed\. MAE is .* Both rules hold\.$/)
})

test('a first version is decided by the baseline and the thresholds', () => {
  const input = regressionCase({}, { champion: undefined, rules: [notWorse, atMost(150)] })
  const verdict = judge(input)
  assert.equal(verdict.answer, 'passed')
  assert.equal(verdict.champion, undefined)
  assert.deepEqual(verdict.rules.map(({ rule, origin }) => [rule.kind, origin]), [['threshold', 'definition'], ['baseline', 'built-in']])
  assert.match(verdict.rules[1]?.explanation ?? '', /^MAE of [\d.]+ is better than the trivial baseline \([\d.,]+\): [\d.]+ better \(90 % interval: /)
  assert.equal(judge({ ...input, rules: [notWorse, atMost(50)] }).answer, 'failed')
})

test('a first version that is not proven better than the baseline is not promoted', () => {
  const worse = regressionCase({ harm: () => 20 }, { champion: undefined })
  const failed = judge(worse)
  assert.equal(failed.answer, 'failed')
  assert.match(failed.summary, /^Rejected\. MAE of [\d.,]+ is no better than the trivial baseline .* Nothing is promoted; the next run tries again\.$/)
  const equal = judge({ ...worse, candidate: regressionCase({ harm: () => 9, spread: 0.9 }).candidate })
  assert.equal(equal.answer, 'inconclusive')
  assert.match(equal.summary, /cannot be told from the trivial baseline/)
})

test('a champion that cannot score the rows leaves it open, and the verdict says why; the rest is compared', () => {
  const input = regressionCase({}, { champion: { version: 3, scored: undefined, reason: 'it needs the column "rooms".', fresh: () => false } })
  const verdict = judge({ ...input, rules: [notWorse, atMost(150)] })
  assert.equal(verdict.answer, 'inconclusive')
  assert.equal(verdict.summary, 'Inconclusive. Version 3 cannot score these rows: it needs the column "rooms". The champion stays.')
  assert.deepEqual(verdict.rules.map(({ rule, answer }) => [rule.kind, answer]), [['champion', 'inconclusive'], ['threshold', 'passed'], ['baseline', 'passed']])
  assert.equal(judge({ ...input, rules: [notWorse, atMost(50)] }).answer, 'failed')
})

test('an undefined figure fails every rule that needs it, and says so', () => {
  const input = regressionCase()
  assert.ok(input.candidate.task === 'regression')
  const broken: Case = { ...input, candidate: { ...input.candidate, values: input.candidate.values.map((value, row) => (row === 7 ? Number.NaN : value)) } }
  const verdict = judge({ ...broken, rules: [notWorse, better, atMost(1000), { kind: 'baseline', metric: 'mae' }] })
  assert.deepEqual(verdict.rules.map(({ answer }) => answer), ['failed', 'failed', 'failed', 'failed'])
  for (const { explanation } of verdict.rules) assert.match(explanation, /undefined/)
  assert.match(verdict.rules[2]?.explanation ?? '', /^MAE is undefined \(an undefined figure never passes\); at most 1,000 is asked for\./)
  assert.deepEqual(verdict.candidate['mae'], { value: null, lower: null, upper: null })
})

test('a figure that is undefined on some resamples proves nothing', () => {
  const input = classificationCase(200, 10, { unitOfRow: Int32Array.from({ length: 200 }, (_, row) => (row % 10 === 0 ? 0 : row)) })
  const verdict = judge({ ...input, rules: [{ kind: 'baseline', metric: 'rocAuc' }] })
  assert.equal(verdict.answer, 'failed')
  assert.match(verdict.rules[0]?.explanation ?? '', /undefined on some resamples/)
})

test('the same case gives the same verdict to the last bit, and another seed another interval', () => {
  const make = (seed: number): Case =>
    regressionCase({ fresh: (unit) => unit >= 30, units: 70 }, { seed, rules: [notWorse, atMost(110, 0.95), sliced], slices: { side: coded(Array.from({ length: 280 }, (_, row) => (row % 2 === 0 ? 'a' : 'b'))) } })
  const sliced: StoredRule = { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.2, slice: { column: 'side', minimumRows: 30 } }
  const first = JSON.stringify(judge(make(42)))
  assert.equal(JSON.stringify(judge(make(42))), first)
  assert.notEqual(JSON.stringify(judge(make(43)).candidate), JSON.stringify(judge(make(42)).candidate))
})

test('a verdict is of the stored form, and survives storage', () => {
  const verdict = judge(regressionCase({ fresh: (unit) => unit >= 30 }, { rules: [notWorse, atMost(50)] }))
  assert.deepEqual(Value.Parse(Verdict, JSON.parse(JSON.stringify(verdict))), verdict)
})

function bounded(estimate: { value: number | null; lower: number | null; upper: number | null } | undefined): { value: number; lower: number; upper: number } {
  return { value: known(estimate?.value), lower: known(estimate?.lower), upper: known(estimate?.upper) }
}
