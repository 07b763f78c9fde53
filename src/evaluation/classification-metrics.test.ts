import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { valueWith } from '../../test/evaluation/cases.js'
import { classificationEvaluator } from './classification-metrics.js'
import { valueOf } from './evaluator.js'
import { classificationMetrics } from './metric.js'
import type { Scored, Units } from './scored.js'

const Figures = Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]))
const Cases = Type.Object({
  classification: Type.Array(
    Type.Object({
      name: Type.String(),
      truth: Type.Array(Type.Integer()),
      predictions: Type.Array(Type.Array(Type.Number())),
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
const { classification } = Value.Parse(
  Cases,
  JSON.parse(readFileSync(new URL('../../../test/fixtures/metrics/metrics.json', import.meta.url), 'utf8')),
)

function scoredOf(labels: readonly number[], probabilities: readonly (readonly number[])[]): Extract<Scored, { task: 'classification' }> {
  return {
    task: 'classification',
    labels: Int32Array.from(labels),
    probabilities: Float64Array.from(probabilities.flat()),
    classes: probabilities[0]?.length ?? 2,
  }
}

/** The metric as a function of how often each unit counts. */
function measuring(metric: Parameters<typeof classificationEvaluator>[0], scored: Parameters<typeof classificationEvaluator>[1], units: Units): (counts: Int32Array | undefined) => number | null {
  const evaluator = classificationEvaluator(metric, scored, units)
  return (counts) => (counts === undefined ? valueOf(evaluator, units) : valueWith(evaluator, counts))
}

function unitPerRow(rows: number): Units {
  const numbers = Int32Array.from({ length: rows }, (_, row) => row)
  return { rows: numbers, unitOfRow: numbers, count: rows }
}

/** Null is what has to be undefined. */
function agrees(ours: number | null, theirs: number | null | undefined, what: string): void {
  if (theirs === null) return assert.equal(ours, null, what)
  assert.ok(ours !== null && theirs !== undefined && Math.abs(ours - theirs) <= 1e-12, `${what}: ${ours} is not ${theirs}`)
}

for (const { name, truth, predictions, units: unitOfRow, counts, weights, ...figures } of classification) {
  test(`classification metrics agree with scikit-learn: ${name}`, () => {
    const units: Units = { ...unitPerRow(truth.length), unitOfRow: Int32Array.from(unitOfRow), count: counts.length }
    for (const metric of classificationMetrics) {
      const evaluate = measuring(metric, scoredOf(truth, predictions), units)
      agrees(evaluate(undefined), figures.onRows[metric], `${metric} on the rows`)
      agrees(evaluate(Int32Array.from(counts)), figures.onResample[metric], `${metric} on a resample`)
      const weighing = measuring(metric, scoredOf(truth, predictions), { ...units, weights: Float64Array.from(weights) })
      agrees(weighing(undefined), figures.weightedOnRows[metric], `${metric} on the rows, weighted`)
      agrees(weighing(Int32Array.from(counts)), figures.weightedOnResample[metric], `${metric} on a resample, weighted`)
    }
  })
}

test('ROC AUC and balanced accuracy are undefined when a class is missing, also from a resample', () => {
  const scored = scoredOf([0, 0, 1], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
  for (const metric of ['rocAuc', 'balancedAccuracy'] as const) {
    const evaluate = measuring(metric, scored, unitPerRow(3))
    assert.notEqual(evaluate(undefined), null)
    assert.equal(evaluate(Int32Array.of(2, 1, 0)), null)
    const three = scoredOf([0, 0, 1], [[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1]])
    assert.equal(measuring(metric, three, unitPerRow(3))(undefined), null)
  }
})

test('F1 is undefined when the class is neither there nor guessed, and 0 when it is there and never guessed', () => {
  const nowhere = scoredOf([0, 0], [[0.9, 0.1], [0.8, 0.2]])
  assert.equal(measuring('f1', nowhere, unitPerRow(2))(undefined), null)
  const missed = scoredOf([0, 1], [[0.9, 0.1], [0.8, 0.2]])
  assert.equal(measuring('f1', missed, unitPerRow(2))(undefined), 0)
})

test('log loss of a wrong certainty is finite and large', () => {
  const evaluate = measuring('logLoss', scoredOf([0, 1], [[0, 1], [0, 1]]), unitPerRow(2))
  const value = evaluate(undefined) ?? 0
  assert.ok(Math.abs(value - 18.02182669) < 1e-6, String(value))
})

for (const metric of classificationMetrics) {
  test(`${metric} of a probability that is NaN or infinite is undefined`, () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const scored = scoredOf([0, 1, 0, 1], [[0.7, 0.3], [0.2, 0.8], [wrong, 0.5], [0.4, 0.6]])
      assert.equal(measuring(metric, scored, unitPerRow(4))(undefined), null)
    }
  })

  test(`${metric} of a row whose class is unknown is undefined`, () => {
    for (const label of [-1, 2]) {
      const scored = scoredOf([0, 1, label, 1], [[0.7, 0.3], [0.2, 0.8], [0.5, 0.5], [0.4, 0.6]])
      assert.equal(measuring(metric, scored, unitPerRow(4))(undefined), null)
    }
  })

  test(`${metric} of no rows is undefined`, () => {
    assert.equal(measuring(metric, scoredOf([], []), unitPerRow(0))(undefined), null)
    assert.equal(measuring(metric, scoredOf([0, 1], [[1, 0], [0, 1]]), unitPerRow(2))(Int32Array.of(0, 0)), null)
  })
}
