import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coded, uniform } from '../../test/evaluation/cases.js'
import { estimateOf, harmOf, resample, standardErrorOf } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import { expandedQuantile, normalQuantile, normalShareBelow, studentShareAbove } from './normal.js'
import type { Scored } from './scored.js'
import { effectiveUnits, unitsOf } from './units.js'

function near(ours: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(ours - expected) <= tolerance, `${ours} is not ${expected}`)
}

test('the normal distribution and Student’s t are those of the tables', () => {
  for (const [z, share] of [[0, 0.5], [1.644853627, 0.95], [-1.959963985, 0.025], [3.090232306, 0.999]] as const) {
    near(normalShareBelow(z), share, 1e-7)
    near(normalQuantile(share), z, 1e-4)
  }
  // Upper 5 % and 0.1 % points of t.
  for (const [freedom, five, permille] of [[5, 2.015, 5.893], [10, 1.812, 4.144], [19, 1.729, 3.579], [29, 1.699, 3.396], [100, 1.66, 3.174]] as const) {
    near(studentShareAbove(five, freedom), 0.05, 0.0005)
    near(studentShareAbove(permille, freedom), 0.001, 0.0001)
  }
  assert.equal(studentShareAbove(10, 0), 1)
})

test('bounds widen with few units, and are those of the plain percentile with many', () => {
  // t with n - 1 degrees times the root of n / (n - 1), as a share of the normal.
  near(normalShareBelow(expandedQuantile(0.95, 20)), normalShareBelow(1.7291 * Math.sqrt(20 / 19)), 1e-4)
  near(normalShareBelow(expandedQuantile(0.95, 1e6)), 0.95, 1e-5)
  assert.ok(Number.isNaN(expandedQuantile(0.95, 1)))
})

test('units of unequal size tell less than as many equal ones', () => {
  const sizes = (counts: readonly number[]): number => {
    const names = counts.flatMap((count, unit) => Array.from({ length: count }, () => String(unit)))
    return effectiveUnits(unitsOf(Int32Array.from(names, (_, row) => row), coded(names).codes))
  }
  assert.equal(sizes([3, 3, 3, 3]), 4)
  assert.equal(sizes([9, 1, 1, 1]), 144 / 84)
  assert.equal(sizes([]), 0)
})

test('rows of a unit are drawn together: the standard error is that of the units', () => {
  const random = uniform(11)
  const units = 200
  const levels = Array.from({ length: units }, () => random())
  const names = levels.flatMap((_, unit) => Array.from({ length: 10 }, () => String(unit)))
  const values = Float64Array.from(levels.flatMap((level) => Array.from({ length: 10 }, () => level)))
  const scored = { task: 'regression', targets: new Float64Array(values.length), values } as const
  const rows = Int32Array.from(names, (_, row) => row)
  const errorBy = (unitOfRow: readonly string[]): number => {
    const of = unitsOf(rows, coded(unitOfRow).codes)
    const [distribution] = resample([evaluatorOf('mae', scored, of)], of, 5)
    assert.ok(distribution !== undefined)
    return standardErrorOf(distribution)
  }
  const spread = Math.sqrt(levels.reduce((sum, level) => sum + (level - 0.5) ** 2, 0) / units)
  near(errorBy(names), spread / Math.sqrt(units), 0.1 * (spread / Math.sqrt(units)))
  near(errorBy(names.map((_, row) => String(row))), errorBy(names) / Math.sqrt(10), 0.1 * errorBy(names))
})

test('both models are measured on the same resamples: of a model beside itself the harm is 0 in every draw', () => {
  const random = uniform(12)
  const values = Float64Array.from({ length: 50 }, () => random())
  const scored = { task: 'regression', targets: new Float64Array(50), values } as const
  const of = unitsOf(Int32Array.from(values, (_, row) => row), Int32Array.from(values, (_, row) => row))
  const [a, b] = resample([evaluatorOf('rmse', scored, of), evaluatorOf('rmse', scored, of)], of, 5)
  assert.ok(a !== undefined && b !== undefined)
  assert.deepEqual(estimateOf(harmOf(a, b, -1, true)), { value: 0, lower: 0, upper: 0 })
  assert.equal(a.draws.length, 2000)
})

test('two classifiers that answer every row alike are held to differ by two rows, for the next ones may tell them apart, unless they are one', () => {
  const labels = Int32Array.from({ length: 200 }, (_, row) => (row % 4 === 0 ? 1 : 0))
  const rows = Int32Array.from(labels, (_, row) => row)
  const of = unitsOf(rows, rows)
  const answering = (right: number): Scored => ({
    task: 'classification',
    labels,
    probabilities: Float64Array.from([...labels].flatMap((label, row) => ((row % 10 === 0) === (label === 1) ? [right, 1 - right] : [1 - right, right]))),
    classes: 2,
  })
  for (const metric of ['accuracy', 'balancedAccuracy', 'f1', 'precision', 'recall'] as const) {
    const [a, other, same, bare] = resample([0.8, 0.9, 0.8, 1].map((right) => evaluatorOf(metric, answering(right), of)), of, 5)
    assert.ok(a?.grain !== undefined && other !== undefined && same !== undefined && bare !== undefined)
    const harm = harmOf(a, other, 1, false)
    near(standardErrorOf(harm), Math.SQRT2 * a.grain, 1e-12)
    assert.ok((estimateOf(harm).upper ?? 0) > 0, metric)
    assert.deepEqual(estimateOf(harmOf(a, same, 1, false)), { value: 0, lower: 0, upper: 0 })
    assert.ok((estimateOf(harmOf(bare, bare, 1, false)).upper ?? 0) > 0, 'labels alone do not tell that two models are one')
    if (metric === 'accuracy') near(a.grain, 1 / 200, 1e-12)
    // 50 rows are of the class: finding one more or one less moves the share that is found by a fiftieth.
    if (metric === 'recall') near(a.grain, 1 / 50, 1e-12)
  }
})

test('one undefined draw leaves no bounds', () => {
  const draws = Float64Array.from({ length: 2000 }, (_, draw) => (draw === 1234 ? Number.NaN : 1))
  assert.deepEqual(estimateOf({ value: 1, draws, effectiveUnits: 50 }), { value: 1, lower: null, upper: null })
})
