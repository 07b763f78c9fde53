import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uniform, valueWith } from '../../test/evaluation/cases.js'
import { estimateOf, resample, standardErrorOf, unmeasured, type Distribution } from './bootstrap.js'
import type { Evaluator } from './evaluator.js'
import { classificationMetrics, evaluatorOf, regressionMetrics } from './metric.js'
import { xoshiro128 } from './random.js'
import type { Scored } from './scored.js'
import { serialOf } from './serial.js'
import { inOrderOfTime, unitsOf } from './units.js'

const SEED = 11

function normals(seed: number): () => number {
  const random = xoshiro128(seed)
  const uniform = (): number => (random() + 0.5) / 4_294_967_296
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** A series that is like the value before by r. */
function series(length: number, r: number, normal: () => number): Float64Array {
  let value = normal()
  return Float64Array.from({ length }, () => {
    const now = value
    value = r * value + Math.sqrt(1 - r * r) * normal()
    return now
  })
}

function inflationOf(figures: Float64Array | undefined): number {
  return serialOf(figures).inflation
}

function measured(errors: Float64Array, isSerial: boolean): Distribution {
  const rows = Int32Array.from(errors, (_, row) => row)
  const scored: Scored = { task: 'regression', targets: new Float64Array(errors.length), values: errors }
  const units = unitsOf(rows, rows, { isSerial })
  const [distribution = unmeasured] = resample([evaluatorOf('bias', scored, units)], units, SEED)
  return distribution
}

test('blocks that are like their neighbours widen the variance as theory says, independent ones next to nothing', (context) => {
  context.diagnostic(`seed ${SEED}`)
  const normal = normals(SEED)
  for (const [r, theory] of [[0.5, 3], [0.73, 6.4]] as const) {
    const found = inflationOf(series(2000, r, normal))
    assert.ok(found > 0.75 * theory && found < 1.35 * theory, `${r}: ${found}`)
  }
  const ofNoise = Array.from({ length: 200 }, () => inflationOf(series(400, 0, normal)))
  assert.ok(ofNoise.every((found) => found >= 1))
  assert.ok(ofNoise.reduce((sum, found) => sum + found, 0) / 200 < 1.15)
  assert.equal(inflationOf(undefined), 1)
  assert.equal(inflationOf(new Float64Array(30).fill(2)), 1)
})

test('the interval of a time split is wider where days resemble each other, by the order of the days and not of the rows', () => {
  const errors = series(60, 0.7, normals(SEED))
  const [asGroups, inTime] = [measured(errors, false), measured(errors, true)]
  assert.deepEqual(inTime.draws, asGroups.draws)
  assert.ok(standardErrorOf(inTime) > 1.3 * standardErrorOf(asGroups))
  const [narrow, wide] = [estimateOf(asGroups), estimateOf(inTime)]
  assert.ok((wide.upper ?? 0) > (narrow.upper ?? 0) && (wide.lower ?? 0) < (narrow.lower ?? 0))
  assert.deepEqual(inOrderOfTime(Int32Array.from([0, 1, 2, 1]), Float64Array.from([300, 100, 200, 150])), Int32Array.from([2, 0, 1, 0]))
})

test('figures without a block are the same to the last bit when four blocks are left out abreast, in every metric and on any number of threads', () => {
  const random = uniform(SEED)
  // No multiple of how many are worked out at once, and enough to do for a second thread.
  const [blocks, rowsPerBlock] = [35, 2000]
  const rows = Int32Array.from({ length: blocks * rowsPerBlock }, (_, row) => row)
  const unitOfRow = rows.map((row) => Math.floor(row / rowsPerBlock))
  const units = unitsOf(rows, unitOfRow, { isSerial: true })
  const targets = Float64Array.from(rows, () => 100 + random())
  const regression: Scored = { task: 'regression', targets, values: targets.map((target) => target + random() - 0.5) }
  const likely = Float64Array.from(rows, () => Math.round(100 * random()) / 100)
  const classification: Scored = { task: 'classification', labels: Int32Array.from(rows, (row) => ((likely[row] ?? 0) + random() > 1 ? 1 : 0)), probabilities: Float64Array.from({ length: 2 * rows.length }, (_, at) => (at % 2 === 1 ? (likely[(at - 1) / 2] ?? 0) : 1 - (likely[at / 2] ?? 0))), classes: 2 }
  for (const [scored, metrics] of [[regression, regressionMetrics], [classification, classificationMetrics]] as const) {
    const evaluators = metrics.map((metric) => evaluatorOf(metric, scored, units))
    const one = resample(evaluators, units, SEED, 1)
    const two = resample(evaluators, units, SEED, 2)
    assert.deepEqual(two, one)
    for (const [index, evaluator] of evaluators.entries()) {
      const without = Float64Array.from({ length: blocks }, (_, block) => valueWith(evaluator, Int32Array.from({ length: blocks }, (_unit, unit) => (unit === block ? 0 : 1))) ?? Number.NaN)
      assert.deepEqual(one[index]?.leftOut?.figures, without, metrics[index])
    }
  }
})

test('blocks are left out four at a time, as draws are made: a pass over the rows serves four', () => {
  const rows = Int32Array.from({ length: 35 }, (_, row) => row)
  let passes = 0
  const counted: Evaluator = {
    tallies: [{ kind: 'sums', width: 1, values: Float64Array.from(rows), isFinite: true, get unit() { passes += 1; return rows } }],
    finish: ([sum = 0]) => sum,
  }
  const [found] = resample([counted], unitsOf(rows, rows, { isSerial: true }), SEED)
  assert.deepEqual(found?.leftOut?.figures, Float64Array.from(rows, (row) => (35 * 34) / 2 - row))
  assert.equal(passes, 2000 / 4 + Math.ceil(35 / 4) + 1, 'the draws, the blocks, and the figure itself')
})
