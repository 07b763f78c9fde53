import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cutBy } from '../../src/define/comparability.js'
import type { StoredModel } from '../../src/define/stored-definition.js'
import type { Verdict } from '../../src/evaluation/verdict.js'
import type { CheckInput } from '../../src/lifecycle/check-candidate.js'
import { judgeCandidate } from '../../src/lifecycle/judge-candidate.js'
import { predictors } from '../../src/roles/adapters.js'
import { salesModel, salesPackage, testSetOf, writeRows } from '../support/judged-models.js'

const folder = await mkdtemp(join(tmpdir(), 'refit-redelivered-'))
after(() => rm(folder, { recursive: true, force: true }))

/** Of 400 sales a quarter has prices times 10 in the delivery of today; all are older by a week than in the one before. */
const sale = (age: string, price: string): string => `select 's' || i as sale, 100 + (hash(i, 1) % 200)::double as area, (${age})::double as age, (${price})::double as price`
const trueTarget = '10.0 * (100 + (hash(i, 1) % 200))'
const before = `${sale('hash(i, 2) % 30', trueTarget)} from range(400) t(i)`
const today = `select *, sale as refit_unit, 'whole-2' as refit_drop from (${sale('if(i % 4 = 0, 99, 7 + hash(i, 2) % 30)', `${trueTarget} * if(i % 4 = 0, 10, 1)`)} from range(400) t(i)) order by sale`

const replacing: StoredModel = { ...salesModel, delivery: { kind: 'replace' } }

async function judged(definition: StoredModel, champion: Partial<NonNullable<CheckInput['champion']>> = {}, isLost = false): Promise<Verdict> {
  const input: CheckInput = {
    definition,
    sets: await testSetOf(join(folder, 'sets'), today, 400),
    // It has learned the poison by what goes with it, and is worse on all else.
    candidateFolder: await salesPackage(folder, 'candidate', 'age === 99 ? 100 * area : 11 * area'),
    champion: {
      version: 1,
      folder: await salesPackage(folder, 'champion', '10.5 * area'),
      drops: ['whole-1'],
      ...(isLost ? {} : { parts: [{ drop: 'whole-1', path: await writeRows(join(folder, 'whole-1.parquet'), before) }] }),
      lostDrops: true,
      split: definition.split,
      cutBy: cutBy(definition),
      ...champion,
    },
    metrics: [],
    formers: [],
    seed: 7,
  }
  const output = await judgeCandidate(predictors, input, { threads: 1, tell: () => undefined })
  assert.ok('verdict' in output, JSON.stringify(output))
  return output.verdict
}

test('where each delivery is the whole table, rows that it brings again are the champion’s own, and veto a candidate that has learned poison', async () => {
  const verdict = await judged(replacing)
  assert.equal(verdict.answer, 'failed', verdict.summary)
  assert.deepEqual([verdict.test.rows, verdict.test.freshRows], [400, 100])
  assert.doesNotMatch(verdict.summary, /All test rows arrived after the champion was trained/)
})

test('a drop that supersedes one of the champion brings its rows again', async () => {
  const verdict = await judged(salesModel)
  assert.deepEqual([verdict.answer, verdict.test.freshRows], ['failed', 100])
})

test('after a change of the split, rows that are delivered again are not taken for unseen', async () => {
  const verdict = await judged(replacing, { split: { kind: 'group', test: 0.3, validation: 0.1 } })
  assert.deepEqual([verdict.answer, verdict.test.rows, verdict.test.ineligibleRows], ['inconclusive', 0, 400])
})

test('where the champion’s drops are not to be had any more, no row counts as new', async () => {
  const verdict = await judged(replacing, {}, true)
  assert.equal(verdict.test.freshRows, 0)
})
