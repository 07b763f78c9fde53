import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimateOf, resample, standardErrorOf, unmeasured, type Distribution } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
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
