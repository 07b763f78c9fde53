import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { judgeComparison } from '../../src/evaluation/against-champion.js'
import { resample, unmeasured, type Compared } from '../../src/evaluation/bootstrap.js'
import { evaluatorOf } from '../../src/evaluation/metric.js'
import { compare, judgeAgainstChampion } from '../../src/evaluation/rules.js'
import { sampleOf } from '../../src/evaluation/sample.js'
import type { Scored, Units } from '../../src/evaluation/scored.js'
import { marginSizeOf, ruleOf, simulatedMetrics, worseBy, type SimulatedMetric, type SimulatedTask } from './simulated-models.js'
import { designs, drawTestSet, normals, type Design, type TestSet } from './simulated-sets.js'

/**
 * EVIDENCE rule 15: the error rates that are claimed, counted over simulated test sets. Both metrics of a task are counted
 * on the same sets; `npm run bench error-rates` counts more of them, through the whole of a verdict.
 */

const DRAWS = 2000
const SEED = 20_260_501
/** Most of 2,000 that may be let through when 5 % is claimed: two binomial standard errors above, 5.97 %. */
const MOST_WRONG = Math.floor(DRAWS * (0.05 + 2 * Math.sqrt((0.05 * 0.95) / DRAWS)))

/** Each design has a seed of its own. */
const simulations: readonly { readonly task: SimulatedTask; readonly design: Design; readonly seed: number }[] = [
  { task: 'regression', design: designs.equal, seed: SEED },
  { task: 'regression', design: designs.unequal, seed: SEED + 1 },
  { task: 'regression', design: designs.days, seed: SEED + 2 },
  { task: 'regression', design: designs.hours, seed: SEED + 3 },
  { task: 'regression', design: designs.scales, seed: SEED + 4 },
  { task: 'classification', design: designs.equal, seed: SEED + 100 },
  { task: 'classification', design: designs.unequal, seed: SEED + 101 },
  { task: 'classification', design: designs.days, seed: SEED + 102 },
  { task: 'classification', design: designs.rare, seed: SEED + 104 },
]

/** What is counted of one metric. */
interface Counted {
  readonly metric: SimulatedMetric
  /** The champion; a model as good; one worse by exactly the margin; one better by twice the difference that is stated on average. */
  readonly modelsOn: (set: TestSet) => readonly Scored[]
  readonly stated: number
  identical: number
  identicalKept: number
  equal: number
  atMargin: number
  atMarginFailed: number
  found: number
}

for (const { task, design, seed } of simulations) {
  test(`error rates of ${simulatedMetrics[task].join(' and ')} with ${design.name}`, (context) => {
    const normal = normals(seed)
    const counted = simulatedMetrics[task].map((metric, _, { length }) => countFor(metric, statedDifference(metric, task, design, normal, 100 / length), design))
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const set = drawTestSet(design, task, normal)
      const evaluators = counted.map(({ metric, modelsOn }) => modelsOn(set).map((model) => evaluatorOf(metric, model, set.units)))
      const distributions = resample(evaluators.flat(), set.units, draw)
      let at = 0
      for (const [index, one] of counted.entries()) {
        const [champion = unmeasured, equal = unmeasured, atMargin = unmeasured, better = unmeasured] = distributions.slice(at, (at += evaluators[index]?.length ?? 0))
        const answer = (comparison: 'notWorse' | 'better', candidate: typeof champion): string => compare(ruleOf(one.metric, comparison), candidate, champion).answer
        if (answer('better', champion) === 'passed') one.identical += 1
        if (answer('notWorse', champion) !== 'passed') one.identicalKept += 1
        if (answer('better', equal) === 'passed') one.equal += 1
        const there = answer('notWorse', atMargin)
        if (there === 'passed') one.atMargin += 1
        if (there === 'failed') one.atMarginFailed += 1
        if (answer('better', better) === 'passed') one.found += 1
      }
    }
    for (const one of counted) tell(context, seed, one)
    for (const one of counted) {
      assert.equal(one.identical, 0, one.metric)
      assert.equal(one.identicalKept, 0, one.metric)
      assert.ok(one.equal <= MOST_WRONG, one.metric)
      assert.ok(one.atMargin <= MOST_WRONG, one.metric)
      assert.ok(one.atMarginFailed <= MOST_WRONG, one.metric)
      assert.ok(one.found >= 0.9 * DRAWS, one.metric)
    }
  })
}

function countFor(metric: SimulatedMetric, stated: number, design: Design): Counted {
  const [champion, atMargin, better] = [worseBy(metric, 0, design), worseBy(metric, marginSizeOf(metric), design), worseBy(metric, -2 * stated, design)]
  const modelsOn = (set: TestSet): readonly Scored[] => [champion(set, set.champion), champion(set, set.candidate), atMargin(set, set.another), better(set, set.another)]
  return { metric, modelsOn, stated, identical: 0, identicalKept: 0, equal: 0, atMargin: 0, atMarginFailed: 0, found: 0 }
}

/** The smallest detectable difference that verdicts on such test sets state, on average. */
function statedDifference(metric: SimulatedMetric, task: SimulatedTask, design: Design, normal: () => number, draws: number): number {
  const model = worseBy(metric, 0, design)
  let sum = 0
  for (let draw = 0; draw < draws; draw += 1) {
    const set = drawTestSet(design, task, normal)
    const compared = measured(metric, [model(set, set.champion), model(set, set.candidate)], set.units, draw)
    sum += judgeAgainstChampion(ruleOf(metric, 'better'), 'definition', compared, { version: 1, unit: design.unit, besides: [] }).smallestDetectable ?? Number.NaN
  }
  return sum / draws
}

/** The second model beside the first, on the same resamples. */
function measured(metric: SimulatedMetric, models: readonly Scored[], units: Units, seed: number): Compared {
  const [champion = unmeasured, candidate = unmeasured] = resample(models.map((model) => evaluatorOf(metric, model, units)), units, seed)
  return { candidate, champion, units: units.count }
}

function tell(context: TestContext, seed: number, { metric, stated, identical, equal, atMargin, atMarginFailed, found }: Counted): void {
  const figures = [
    `identical models, let through as better: ${identical}`,
    `equally good, let through as better: ${equal}`,
    `exactly at the margin, let through: ${atMargin}`,
    `exactly at the margin, failed: ${atMarginFailed}`,
    `twice the stated ${stated.toFixed(3)} better, let through: ${found}`,
  ]
  for (const figure of figures) context.diagnostic(`${metric}: ${figure} of ${DRAWS} (seed ${seed})`)
}

/** Models so much alike that the fresh half of the rows is enough about half of the time. */
const alike: readonly { readonly metric: SimulatedMetric; readonly task: SimulatedTask; readonly shared: number; readonly seed: number }[] = [
  { metric: 'mae', task: 'regression', shared: 0.995, seed: SEED + 10 },
  { metric: 'rocAuc', task: 'classification', shared: 0.999, seed: SEED + 110 },
]

for (const { metric, task, shared, seed } of alike) {
  test(`error rate of ${metric} at the margin when fresh rows, all rows and the champion’s own take part`, (context) => {
    const design: Design = { ...designs.equal, units: 60, rowsOf: () => 4, correlation: 0.3, shared }
    const normal = normals(seed)
    const rule = ruleOf(metric, 'notWorse')
    const [championModel, atMargin] = [worseBy(metric, 0, design), worseBy(metric, marginSizeOf(metric), design)]
    let passed = 0
    let onFresh = 0
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const set = drawTestSet(design, task, normal)
      const [champion, candidate] = [championModel(set, set.champion), atMargin(set, set.candidate)]
      const sample = sampleOf(set.units.rows, set.units.unitOfRow, draw)
      const pair = {
        candidate,
        champion: { version: 1, scored: champion, fresh: (row: number): boolean => (set.units.unitOfRow[row] ?? 0) >= 30 },
        sample,
        unitOfRow: set.units.unitOfRow,
        unit: 'group',
        split: 'group',
      } as const
      const result = judgeComparison(pair, rule, 'definition', measured(metric, [champion, candidate], sample.drawn, draw))
      if (result.answer === 'passed') passed += 1
      if (result.explanation.includes('rows that arrived after')) onFresh += 1
    }
    context.diagnostic(`${metric}: decided on fresh rows: ${onFresh} of ${DRAWS} (seed ${seed})`)
    context.diagnostic(`${metric}: exactly at the margin, let through: ${passed} of ${DRAWS} (seed ${seed})`)
    assert.ok(onFresh > 0.1 * DRAWS && onFresh < 0.9 * DRAWS)
    assert.ok(passed <= MOST_WRONG)
  })
}
