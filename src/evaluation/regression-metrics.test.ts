import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { valueWith } from '../../test/evaluation/cases.js'
import type { QuantileLoss, RegressionMetric } from '../define/stored-definition.js'
import { valueOf } from './evaluator.js'
import { regressionMetrics } from './metric.js'
import { regressionEvaluator } from './regression-metrics.js'
import type { Units } from './scored.js'

const Figures = Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]))
const Cases = Type.Object({
  regression: Type.Array(
    Type.Object({
      name: Type.String(),
      truth: Type.Array(Type.Number()),
      predictions: Type.Array(Type.Number()),
      units: Type.Array(Type.Integer()),
      counts: Type.Array(Type.Integer()),
      weights: Type.Array(Type.Number()),
      onRows: Figures,
      onResample: Figures,
      weightedOnRows: Figures,
      weightedOnResample: Figures,
    }),
  ),
})
const { regression } = Value.Parse(
  Cases,
  JSON.parse(readFileSync(new URL('../../../test/fixtures/metrics/metrics.json', import.meta.url), 'utf8')),
)

function scoredOf(targets: readonly number[], values: readonly number[]): { task: 'regression'; targets: Float64Array; values: Float64Array } {
  return { task: 'regression', targets: Float64Array.from(targets), values: Float64Array.from(values) }
}

/** The metric as a function of how often each unit counts. */
function measuring(metric: RegressionMetric | QuantileLoss, scored: Parameters<typeof regressionEvaluator>[1], units: Units): (counts: Int32Array | undefined) => number | null {
  const evaluator = regressionEvaluator(metric, scored, units)
  return (counts) => (counts === undefined ? valueOf(evaluator, units) : valueWith(evaluator, counts))
}

function unitPerRow(rows: number): Units {
  const numbers = Int32Array.from({ length: rows }, (_, row) => row)
  return { rows: numbers, unitOfRow: numbers, count: rows }
}

const metrics: readonly (RegressionMetric | QuantileLoss)[] = [...regressionMetrics, 'quantileLoss:0.1', 'quantileLoss:0.9']

/** Null is what has to be undefined. */
function agrees(ours: number | null, theirs: number | null | undefined, what: string): void {
  if (theirs === null) return assert.equal(ours, null, what)
  assert.ok(ours !== null && theirs !== undefined && Math.abs(ours - theirs) <= 1e-9 * Math.max(1e-6, Math.abs(theirs)), `${what}: ${ours} is not ${theirs}`)
}

for (const { name, truth, predictions, units: unitOfRow, counts, weights, ...figures } of regression) {
  test(`regression metrics agree with scikit-learn: ${name}`, () => {
    const units: Units = { ...unitPerRow(truth.length), unitOfRow: Int32Array.from(unitOfRow), count: counts.length }
    for (const metric of metrics) {
      const evaluate = measuring(metric, scoredOf(truth, predictions), units)
      agrees(evaluate(undefined), figures.onRows[metric], `${metric} on the rows`)
      agrees(evaluate(Int32Array.from(counts)), figures.onResample[metric], `${metric} on a resample`)
      const weighing = measuring(metric, scoredOf(truth, predictions), { ...units, weights: Float64Array.from(weights) })
      agrees(weighing(undefined), figures.weightedOnRows[metric], `${metric} on the rows, weighted`)
      agrees(weighing(Int32Array.from(counts)), figures.weightedOnResample[metric], `${metric} on a resample, weighted`)
    }
  })
}

test('a metric looks only at its own rows', () => {
  const scored = scoredOf([1, 0, 3, 5], [2, 100, 3, 4])
  const units: Units = { rows: Int32Array.of(0, 2, 3), unitOfRow: Int32Array.of(0, 9, 1, 2), count: 3 }
  const mape = measuring('mape', scored, units)
  agrees(mape(undefined), (1 + 0 + 1 / 5) / 3, 'mape')
})

test('MAPE is undefined at a target of 0, whether or not the prediction is right there', () => {
  for (const prediction of [0, 1]) {
    const evaluate = measuring('mape', scoredOf([1, 0, 2], [1, prediction, 2]), unitPerRow(3))
    assert.equal(evaluate(undefined), null)
  }
})

test('MAPE is defined on a resample that leaves out the target of 0', () => {
  const evaluate = measuring('mape', scoredOf([1, 0, 2], [1, 5, 3]), unitPerRow(3))
  assert.equal(evaluate(Int32Array.of(1, 0, 2)), (0 + 2 * 0.5) / 3)
})

test('R² is undefined where the target does not vary', () => {
  assert.equal(measuring('r2', scoredOf([7, 7, 7], [6, 7, 8]), unitPerRow(3))(undefined), null)
  // The rounding of 100.1 drawn seven times must not pass for a spread.
  const evaluate = measuring('r2', scoredOf([100.1, 0.3, 55.7], [100, 0, 55]), unitPerRow(3))
  for (let times = 2; times < 200; times += 1) assert.equal(evaluate(Int32Array.of(times, 0, 0)), null)
})

for (const metric of metrics) {
  test(`${metric} of a prediction or a target that is NaN or infinite is undefined`, () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(measuring(metric, scoredOf([1, 2, 4], [1, wrong, 3]), unitPerRow(3))(undefined), null)
    }
    assert.equal(measuring(metric, scoredOf([1, Number.NaN, 4], [1, 2, 3]), unitPerRow(3))(undefined), null)
  })

  test(`${metric} of no rows is undefined`, () => {
    assert.equal(measuring(metric, scoredOf([], []), unitPerRow(0))(undefined), null)
    assert.equal(measuring(metric, scoredOf([1, 2], [1, 3]), unitPerRow(2))(Int32Array.of(0, 0)), null)
  })
}
