import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Distribution } from './bootstrap.js'
import { isEnoughFor, judgeAgainstBaseline, judgeAgainstChampion, judgeThreshold } from './rules.js'

const notWorse = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } } as const
const threshold = { kind: 'threshold', metric: 'mae', bound: 'atMost', value: 100, confidence: 0.95 } as const

test('a difference that too few independent units bound is left open, and not called undefined', () => {
  const of = (value: number): Distribution => ({ value, draws: Float64Array.from({ length: 2000 }, (_, draw) => value + draw / 1000), effectiveUnits: 1.5 })
  const facts = { version: 3, unit: 'day', besides: [], units: 40 }
  const compared = { candidate: of(70), champion: of(100), units: 40 }
  const results = [
    judgeAgainstChampion(notWorse, 'definition', compared, facts),
    judgeAgainstBaseline({ kind: 'baseline', metric: 'mae' }, 'default', of(70), of(100), facts),
    judgeThreshold(threshold, 'definition', of(70), of(200), 3),
  ]
  for (const { answer, explanation, smallestDetectable, moreUnits } of results) {
    assert.equal(answer, 'inconclusive')
    assert.match(explanation, /the test set counts for fewer than two independent units, which bound nothing/)
    assert.doesNotMatch(explanation, /undefined|falls short/)
    assert.deepEqual([smallestDetectable, moreUnits], [undefined, undefined])
  }
  assert.equal(isEnoughFor({ ...notWorse, margin: { relative: 0.9 } }, compared), false)
  assert.equal(judgeAgainstChampion(notWorse, 'definition', { ...compared, candidate: { ...of(70), draws: new Float64Array(2000).fill(Number.NaN) } }, facts).answer, 'failed')
})
