import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { StoredRule } from '../../src/define/stored-definition.js'
import { judgeComparison } from '../../src/evaluation/against-champion.js'
import { resample, unmeasured, type Compared } from '../../src/evaluation/bootstrap.js'
import { evaluatorOf } from '../../src/evaluation/metric.js'
import { compare, judgeAgainstChampion } from '../../src/evaluation/rules.js'
import { sampleOf } from '../../src/evaluation/sample.js'
import type { Scored, Units } from '../../src/evaluation/scored.js'
import { uniform } from './cases.js'

/**
 * EVIDENCE rule 15: the error rates that are claimed, counted over simulated test sets. The models' errors are normal,
 * in part shared between champion and candidate, and alike within a unit; a candidate's are scaled, so that its MAE is
 * known to be exactly so many times the champion's.
 */

const DRAWS = 2000
const SEED = 20_260_501
const MARGIN = 0.03
const SHARED = 0.8
/** Most of 2,000 that may be let through when 5 % is claimed: two binomial standard errors above, 5.97 %. */
const MOST_WRONG = Math.floor(DRAWS * (0.05 + 2 * Math.sqrt((0.05 * 0.95) / DRAWS)))

const notWorse = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: MARGIN } } as const satisfies StoredRule
const better = { ...notWorse, comparison: 'better' } as const satisfies StoredRule

interface Design {
  readonly name: string
  readonly unit: string
  readonly units: number
  readonly rowsOf: (normal: () => number) => number
  /** Correlation of a row's error with that of the row before; across units as well where time runs through them. */
  readonly correlation: number
  readonly runsOn: boolean
}

const designs: readonly Design[] = [
  { name: '30 groups of equal size', unit: 'group', units: 30, rowsOf: () => 5, correlation: 0.5, runsOn: false },
  {
    name: '40 groups of very unequal sizes',
    unit: 'group',
    units: 40,
    rowsOf: (normal) => 1 + Math.floor(Math.exp(1 + 0.8 * normal())),
    correlation: 0.5,
    runsOn: false,
  },
  // The standard error by days is 1.6 times that by rows, as in the median week of the NSW replay.
  { name: '20 days of autocorrelated hours', unit: 'day', units: 20, rowsOf: () => 24, correlation: 0.73, runsOn: true },
  { name: '10 days of autocorrelated hours, each an hour by itself', unit: 'hour', units: 240, rowsOf: () => 1, correlation: 0.73, runsOn: true },
]

function normalOf(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

interface TestSet {
  readonly units: Units
  /** Errors of the champion, and of two candidates that are exactly as good. */
  readonly champion: Float64Array
  readonly candidate: Float64Array
  readonly another: Float64Array
}

function drawTestSet({ units: count, rowsOf, correlation, runsOn }: Design, normal: () => number): TestSet {
  const unitOfRow: number[] = []
  const champion: number[] = []
  const candidate: number[] = []
  const another: number[] = []
  const renewed = Math.sqrt(1 - correlation ** 2)
  let [shared, first, second, third] = [normal(), normal(), normal(), normal()]
  for (let unit = 0; unit < count; unit += 1) {
    if (!runsOn) [shared, first, second, third] = [normal(), normal(), normal(), normal()]
    for (let left = rowsOf(normal); left > 0; left -= 1) {
      shared = correlation * shared + renewed * normal()
      first = correlation * first + renewed * normal()
      second = correlation * second + renewed * normal()
      third = correlation * third + renewed * normal()
      unitOfRow.push(unit)
      champion.push(Math.sqrt(SHARED) * shared + Math.sqrt(1 - SHARED) * first)
      candidate.push(Math.sqrt(SHARED) * shared + Math.sqrt(1 - SHARED) * second)
      another.push(Math.sqrt(SHARED) * shared + Math.sqrt(1 - SHARED) * third)
    }
  }
  const units = { rows: Int32Array.from(unitOfRow, (_, row) => row), unitOfRow: Int32Array.from(unitOfRow), count, isSerial: runsOn }
  return { units, champion: Float64Array.from(champion), candidate: Float64Array.from(candidate), another: Float64Array.from(another) }
}

function scored(errors: Float64Array, factor = 1): Scored {
  return { task: 'regression', targets: new Float64Array(errors.length), values: errors.map((error) => factor * error) }
}

/** Each model beside the first, on the same resamples. */
function measured(models: readonly Scored[], units: Units, seed: number): readonly Compared[] {
  const [champion = unmeasured, ...candidates] = resample(models.map((model) => evaluatorOf('mae', model, units)), units, seed)
  return candidates.map((candidate) => ({ candidate, champion, units: units.count }))
}

/** The smallest detectable difference that verdicts on such test sets state, on average. */
function statedDifference(design: Design, normal: () => number): number {
  let sum = 0
  for (let draw = 0; draw < 100; draw += 1) {
    const { units, champion, candidate } = drawTestSet(design, normal)
    const [compared] = measured([scored(champion), scored(candidate)], units, draw)
    assert.ok(compared !== undefined)
    sum += judgeAgainstChampion(better, 'definition', compared, { version: 1, unit: design.unit, besides: [] }).smallestDetectable ?? Number.NaN
  }
  return sum / 100
}

function report(context: TestContext, what: string, count: number): void {
  context.diagnostic(`${what}: ${count} of ${DRAWS} (seed ${SEED})`)
}

for (const [index, design] of designs.entries()) {
  test(`error rates with ${design.name}`, (context) => {
    const normal = normalOf(uniform(SEED + index))
    const stated = statedDifference(design, normal)
    const wrong = { identical: 0, identicalKept: 0, equalBetter: 0, atMargin: 0, atMarginFailed: 0 }
    let found = 0
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const { units, champion, candidate, another } = drawTestSet(design, normal)
      const models = [scored(champion), scored(candidate), scored(another, 1 + MARGIN), scored(another, 1 - 2 * stated)]
      const compared = measured(models, units, draw)
      const itself = compared.map((one) => ({ ...one, candidate: one.champion }))
      const [identical, equal, atMargin, muchBetter] = [...itself.slice(0, 1), ...compared].map((one) => (rule: typeof notWorse | typeof better) => compare(rule, one.candidate, one.champion).answer)
      if (identical?.(better) === 'passed') wrong.identical += 1
      if (identical?.(notWorse) !== 'passed') wrong.identicalKept += 1
      if (equal?.(better) === 'passed') wrong.equalBetter += 1
      const answer = atMargin?.(notWorse)
      if (answer === 'passed') wrong.atMargin += 1
      if (answer === 'failed') wrong.atMarginFailed += 1
      if (muchBetter?.(better) === 'passed') found += 1
    }
    report(context, 'identical models, let through as better', wrong.identical)
    report(context, 'equally good, let through as better', wrong.equalBetter)
    report(context, 'exactly at the margin, let through', wrong.atMargin)
    report(context, 'exactly at the margin, failed', wrong.atMarginFailed)
    report(context, `twice the stated ${(100 * stated).toFixed(1)} % better, let through`, found)
    assert.equal(wrong.identical, 0)
    assert.equal(wrong.identicalKept, 0)
    assert.ok(wrong.equalBetter <= MOST_WRONG)
    assert.ok(wrong.atMargin <= MOST_WRONG)
    assert.ok(wrong.atMarginFailed <= MOST_WRONG)
    assert.ok(found >= 0.9 * DRAWS)
  })
}

test('error rate at the margin when fresh rows, all rows and the champion’s own take part', (context) => {
  const design: Design = { name: '', unit: 'group', units: 60, rowsOf: () => 4, correlation: 0.3, runsOn: false }
  const random = uniform(SEED + 10)
  const normal = normalOf(random)
  let passed = 0
  let onFresh = 0
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const { units, champion } = drawTestSet(design, normal)
    // The candidate strays from the champion just so far that fresh rows are enough about half of the time.
    const candidate = champion.map((error) => error * (1 + MARGIN) * (1 + 0.18 * (2 * random() - 1)))
    const sample = sampleOf(units.rows, units.unitOfRow, draw)
    const [all] = measured([scored(champion), scored(candidate)], sample.drawn, draw)
    assert.ok(all !== undefined)
    const pair = {
      candidate: scored(candidate),
      champion: { version: 1, scored: scored(champion), fresh: (row: number): boolean => (units.unitOfRow[row] ?? 0) >= 30 },
      sample,
      unit: 'group',
      split: 'group',
    } as const
    const result = judgeComparison(pair, notWorse, 'definition', all)
    if (result.answer === 'passed') passed += 1
    if (result.explanation.includes('rows that arrived after')) onFresh += 1
  }
  report(context, 'decided on fresh rows', onFresh)
  report(context, 'exactly at the margin, let through', passed)
  assert.ok(onFresh > 0.1 * DRAWS && onFresh < 0.9 * DRAWS)
  assert.ok(passed <= MOST_WRONG)
})
