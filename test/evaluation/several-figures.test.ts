import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricRule } from '../../src/define/stored-definition.js'
import { judgeBetween } from '../../src/evaluation/between.js'
import { judge, type FormerChampion } from '../../src/evaluation/judge.js'
import { sampleOf } from '../../src/evaluation/sample.js'
import { coded, regressionCase, uniform } from './cases.js'

/** EVIDENCE rule 15, for the rules that look at several figures at once: seeds 1 to DRAWS, two binomial standard errors. */
const DRAWS = 400
const MOST = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / DRAWS)

const rule: MetricRule = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }

test('of eight former champions that are as good as the margin allows, luck stops a candidate in at most 5 % of all checks', () => {
  let stopped = 0
  for (let seed = 1; seed <= DRAWS; seed += 1) {
    const random = uniform(seed)
    const input = regressionCase({ units: 40, rowsPerUnit: 1, harm: () => 0, spread: 0.3, seed }, { rules: [rule], seed })
    const { candidate } = input
    assert.ok(candidate.task === 'regression')
    // The candidate's error is on average exactly 3 % above that of each of them; each strays by itself.
    const formers = Array.from({ length: 8 }, (_, index): FormerChampion => ({
      version: index + 1,
      scored: { ...candidate, values: candidate.values.map((value, row) => (candidate.targets[row] ?? 0) + ((value - (candidate.targets[row] ?? 0)) / 1.03) * (1 + 0.3 * (2 * random() - 1))) },
      eligible: () => true,
    }))
    if (judge({ ...input, formers }).rules.some((result) => result.rule.kind === 'creep' && result.answer === 'failed')) stopped += 1
  }
  assert.ok(stopped / DRAWS <= MOST, `${stopped} of ${DRAWS} stopped`)
})

test('values of a column that are exactly as far apart as allowed fail in at most 5 % of all checks, two of them or many', () => {
  for (const groups of [2, 6]) {
    let failed = 0
    for (let seed = 1; seed <= DRAWS; seed += 1) {
      const random = uniform(seed)
      const rows = groups * 60
      const targets = new Float64Array(rows)
      const all = Int32Array.from(targets, (_, row) => row)
      // Means of 100 and 110 in turn: every second pair is at the limit.
      const values = targets.map((_, row) => (100 + 10 * (row % 2)) * (1 + 0.9 * (2 * random() - 1)))
      const column = coded(Array.from(all, (row) => `g${row % groups}`))
      const between = { kind: 'between', metric: 'mae', column: 'g', minimumRows: 30, limit: 10 } as const
      if (judgeBetween(between, { task: 'regression', targets, values }, sampleOf(all, all, seed), column, 'group', 'row').answer === 'failed') failed += 1
    }
    assert.ok(failed / DRAWS <= MOST, `${failed} of ${DRAWS} failed with ${groups} values`)
  }
})
