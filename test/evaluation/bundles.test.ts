import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimateOf, resample, standardErrorOf, unmeasured } from '../../src/evaluation/bootstrap.js'
import { evaluatorOf } from '../../src/evaluation/metric.js'
import type { Scored, Units } from '../../src/evaluation/scored.js'
import { bundled, effectiveUnits, MOST_UNITS, presentUnits, unitsOf } from '../../src/evaluation/units.js'
import { uniform } from './cases.js'

const SEED = 20_260_501

/** Groups of one to five rows whose errors are alike, and of very different size from group to group. */
function skewedSet(units: number, random: () => number): { readonly scored: Scored; readonly units: Units } {
  const values: number[] = []
  const unitOfRow: number[] = []
  for (let unit = 0; unit < units; unit += 1) {
    const level = Math.exp(2 * random() - 1)
    for (let left = 1 + Math.floor(5 * random()); left > 0; left -= 1) {
      values.push(level * (0.5 + random()))
      unitOfRow.push(unit)
    }
  }
  const rows = Int32Array.from(unitOfRow, (_, row) => row)
  return { scored: { task: 'regression', targets: new Float64Array(values.length), values: Float64Array.from(values) }, units: unitsOf(rows, Int32Array.from(unitOfRow)) }
}

test('units are dealt into bundles of as many units each, by the seed', () => {
  const { units } = skewedSet(20_000, uniform(SEED))
  const dealt = bundled(units, 7)
  assert.equal(dealt.count, MOST_UNITS)
  assert.equal(presentUnits(dealt), MOST_UNITS)
  const bundleOf = new Map<number, number>()
  for (const row of units.rows) {
    const [unit, bundle] = [units.unitOfRow[row] ?? 0, dealt.unitOfRow[row] ?? 0]
    assert.equal(bundleOf.get(unit) ?? bundle, bundle, 'a unit is in one bundle')
    bundleOf.set(unit, bundle)
  }
  const sizes = new Int32Array(dealt.count)
  for (const bundle of bundleOf.values()) sizes[bundle] = (sizes[bundle] ?? 0) + 1
  assert.deepEqual([Math.min(...sizes), Math.max(...sizes)], [2, 3])
  assert.deepEqual(bundled(units, 7), dealt)
  assert.notDeepEqual(bundled(units, 8).unitOfRow, dealt.unitOfRow)
  assert.equal(bundled(skewedSet(MOST_UNITS, uniform(SEED)).units, 7).count, MOST_UNITS)
})

test(`bounds by bundles are those of the plain bootstrap (100 test sets of 2,000 groups in 500 bundles, seed ${SEED})`, (context) => {
  const random = uniform(SEED)
  const ratios: Record<'error' | 'lower' | 'upper', number[]> = { error: [], lower: [], upper: [] }
  for (let draw = 0; draw < 100; draw += 1) {
    const { scored, units } = skewedSet(2000, random)
    const dealt = bundled(units, draw, 500)
    assert.ok(effectiveUnits(dealt) < effectiveUnits(units))
    const [plain = unmeasured] = resample([evaluatorOf('rmse', scored, units)], units, draw)
    const [ours = unmeasured] = resample([evaluatorOf('rmse', scored, dealt)], dealt, draw)
    const [a, b] = [estimateOf(plain), estimateOf(ours)]
    assert.ok(Math.abs(Number(a.value) / Number(b.value) - 1) < 1e-12)
    ratios.error.push(standardErrorOf(ours) / standardErrorOf(plain))
    ratios.lower.push((Number(b.value) - Number(b.lower)) / (Number(a.value) - Number(a.lower)))
    ratios.upper.push((Number(b.upper) - Number(b.value)) / (Number(a.upper) - Number(a.value)))
  }
  for (const [what, values] of Object.entries(ratios)) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
    context.diagnostic(`${what}: ${mean.toFixed(3)} times that of the plain bootstrap on average, from one set to another by ${spread.toFixed(3)}`)
    // Percentiles of few units are expanded a little: 500 of them by 0.1 % of the distance, 2,000 by less.
    assert.ok(Math.abs(mean - 1) < 2 * (spread / Math.sqrt(values.length)) + 0.005, `${what}: ${mean}`)
    // By 500 bundles a standard error is known to 3.2 %, and the draws of either add 1.6 %.
    assert.ok(spread < 0.06, `${what}: ${spread}`)
  }
})
