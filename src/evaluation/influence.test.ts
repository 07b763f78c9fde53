import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normals } from '../../test/evaluation/simulated-sets.js'
import { valueWith } from '../../test/evaluation/cases.js'
import { estimateOf, harmOf, independentUnits, resample, unmeasured, type Distribution } from './bootstrap.js'
import { unevenness } from './influence.js'
import { evaluatorOf } from './metric.js'
import type { Scored } from './scored.js'
import { unitsOf } from './units.js'

const SEED = 20_260_501

/** One row in each unit, wrong by so much. */
function erring(errors: Float64Array): Scored {
  return { task: 'regression', targets: new Float64Array(errors.length), values: errors }
}

function measured(models: readonly Scored[], count: number): readonly Distribution[] {
  const rows = Int32Array.from({ length: count }, (_, row) => row)
  const units = unitsOf(rows, rows)
  return resample(models.map((model) => evaluatorOf('mae', model, units)), units, SEED)
}

test('what is known less well than of normal figures is half of the excess kurtosis over their number', (context) => {
  context.diagnostic(`seed ${SEED}`)
  const normal = normals(SEED)
  const [count, samples] = [2000, 40]
  const mean = (figure: () => number): number => Array.from({ length: samples }, () => unevenness({ figures: Float64Array.from({ length: count }, figure), present: count, isSerial: false })).reduce((sum, each) => sum + each, 0) / samples
  assert.ok(count * mean(normal) < 0.1)
  // A tenth of them three times as large: the fourth moment is 3 (0.9 + 0.1 × 81), the variance 0.9 + 0.1 × 9.
  const excess = (3 * (0.9 + 8.1)) / (0.9 + 0.9) ** 2 - 3
  const found = count * mean(() => (Math.abs(normal()) < 0.1257 ? 3 : 1) * normal())
  assert.ok(found > 0.85 * (excess / 2) && found < 1.15 * (excess / 2), `${found} beside ${excess / 2}`)
  assert.equal(unevenness(undefined), 0)
  assert.equal(unevenness({ figures: new Float64Array(30).fill(2), present: 30, isSerial: false }), 0)
})

test('a figure that one unit of many makes is known as if there were three', () => {
  const [one = unmeasured, all = unmeasured] = measured([erring(Float64Array.from({ length: 200 }, (_, unit) => (unit === 7 ? 1000 : 0))), erring(Float64Array.from({ length: 200 }, (_, unit) => unit % 2))], 200)
  assert.ok(independentUnits(one) > 2.9 && independentUnits(one) < 3.1)
  assert.ok(independentUnits(all) > 199)
})

test('more than 256 units are dealt into as many parts, and each is left out in turn', () => {
  const count = 601
  const normal = normals(SEED)
  const model = erring(Float64Array.from({ length: count }, normal))
  const rows = Int32Array.from({ length: count }, (_, row) => row)
  const evaluator = evaluatorOf('rmse', model, unitsOf(rows, rows))
  const [one] = resample([evaluator], unitsOf(rows, rows), SEED)
  const without = Float64Array.from({ length: 256 }, (_, part) => valueWith(evaluator, Int32Array.from({ length: count }, (_unit, unit) => (unit % 256 === part ? 0 : 1))) ?? Number.NaN)
  assert.deepEqual(one?.leftOut, { figures: without, present: 256, isSerial: false })
  // Of rows of a few units only, as many parts have some.
  const few = Int32Array.from([3, 4, 5, 259, 300])
  const [some] = resample([evaluatorOf('rmse', model, { ...unitsOf(rows, rows), rows: few })], { ...unitsOf(rows, rows), rows: few }, SEED)
  assert.equal(some?.leftOut?.present, 4)
})

test('a few units that differ all one way prove little, though no draw goes the other way', () => {
  const count = 100
  const errors = (better: number): Float64Array => Float64Array.from({ length: count }, (_, unit) => (unit < better ? 0 : 1))
  const [champion = unmeasured, three = unmeasured, twenty = unmeasured] = measured([errors(0), errors(3), errors(20)].map(erring), count)
  const beside = (candidate: Distribution): Distribution => harmOf(candidate, champion, -1, true)
  assert.ok(beside(three).draws.every((draw) => draw <= 0))
  assert.ok((estimateOf(beside(three)).upper ?? 0) > 0)
  assert.ok((estimateOf(beside(twenty)).upper ?? 0) < 0)
  // A figure by itself keeps to its range.
  const alone = estimateOf(three)
  assert.ok((alone.upper ?? 0) <= 1 && (alone.lower ?? 0) >= 0)
})
