import { systemClock as clock } from '../../src/clock.js'
import type { Database, Transaction } from '../../src/database/schema.js'
import type { Estimate, Verdict } from '../../src/evaluation/verdict.js'
import { getChampion, moveChampion, type Champion } from '../../src/registry/champion.js'
import type { IntoService } from '../../src/registry/into-service.js'
import { addVersion, type Lineage } from '../../src/registry/version.js'
import { claimRun, commitStage, endRun, openAttempt, type RunClaim } from '../../src/runs/execution.js'
import { requestRun } from '../../src/runs/requests.js'

/** What the lifecycle would leave in the database, written through the same functions, without any training. */

/** A run of `model` that has started. */
export async function startedRun(database: Database, model: string): Promise<RunClaim> {
  const { run } = await requestRun(database, clock, { model, cause: { trigger: 'arrival', actor: 'arrival', detail: 'week-07.csv' } })
  const claim = await claimRun(database, clock, run.id)
  if (claim === undefined) throw new Error(`${run.id} cannot be claimed`)
  return claim
}

export async function finishStage(database: Database, claim: RunClaim, name: string, position: number, result: unknown): Promise<void> {
  const startedAt = clock.now()
  const attempt = await openAttempt(database, clock, claim, name)
  await commitStage(database, clock, claim, { name, position, attempt, startedAt }, () => Promise.resolve(result))
}

/** Ingest, split, train and check, with the given verdict. */
export async function throughCheck(database: Database, claim: RunClaim, verdict: Verdict): Promise<void> {
  await finishStage(database, claim, 'ingest', 1, {
    rows: 17_242,
    drops: {
      ingested: [{ id: 'house-price-d7', key: 'week-07.csv', rows: 421 }],
      quarantined: [{ id: 'house-price-d6', key: 'week-06.csv', why: 'Column price holds text in 12 rows.' }],
      discarded: [],
      superseded: [],
    },
  })
  await finishStage(database, claim, 'split', 2, { rows: { train: 12_000, validation: 1_500, test: 3_742 }, leakage: { groupsOnBothSides: 0 } })
  await finishStage(database, claim, 'train', 3, { format: 'ydf', digest: 'a'.repeat(64) })
  const champion = await getChampion(database, claim.run.model)
  await finishStage(database, claim, 'check', 4, {
    answer: verdict.answer,
    summary: verdict.summary,
    ...(champion === undefined ? {} : { comparedWith: champion.version }),
  })
  await database.updateTable('runs').set({ verdict: JSON.stringify(verdict) }).where('id', '=', claim.run.id).execute()
}

/** A run that was promoted; returns its id and version. */
export async function promotedRun(database: Database, model: string): Promise<{ run: string; version: number }> {
  const claim = await startedRun(database, model)
  await throughCheck(database, claim, passedVerdict)
  const version = await addVersionOf(database, claim, 'passed')
  await database.transaction().execute((transaction) => moveChampion(transaction, clock.now(), { model, version, cause: 'run', actor: 'refit', run: claim.run.id }))
  await endRun(database, clock, claim, { outcome: 'promoted', explanation: `Version ${version} is champion. ${passedVerdict.summary}` })
  return { run: claim.run.id, version }
}

export async function rejectedRun(database: Database, model: string): Promise<string> {
  const claim = await startedRun(database, model)
  await throughCheck(database, claim, failedVerdict)
  await endRun(database, clock, claim, { outcome: 'rejected', explanation: failedVerdict.summary })
  return claim.run.id
}

export async function awaitingRun(database: Database, model: string): Promise<{ run: string; version: number }> {
  const claim = await startedRun(database, model)
  await throughCheck(database, claim, { ...passedVerdict, answer: 'inconclusive' })
  const version = await addVersionOf(database, claim, 'awaiting-approval')
  await endRun(database, clock, claim, { outcome: 'awaiting-approval', explanation: `Version ${version} awaits approval.` })
  return { run: claim.run.id, version }
}

/** What was put into service at once. */
export function championIn(into: IntoService): Champion {
  if (!('champion' in into)) throw new Error(`version ${into.rollout.version} is being rolled out`)
  return into.champion
}

/** Registers what a run has made, without ending the run; returns its number. */
export async function addVersionOf(database: Database, claim: RunClaim, state: 'passed' | 'awaiting-approval'): Promise<number> {
  return database.transaction().execute((transaction) => addVersionIn(transaction, claim, state))
}

/** The same, in the caller's transaction. */
export async function addVersionIn(transaction: Transaction, claim: RunClaim, state: 'passed' | 'awaiting-approval', data: Pick<Lineage, 'snapshot' | 'drops'> & Partial<Pick<Lineage, 'split'>> = { snapshot: 'b'.repeat(64), drops: [] }): Promise<number> {
  const number = await addVersion(transaction, clock.now(), {
    model: claim.run.model,
    run: claim.run.id,
    digest: 'a'.repeat(64),
    format: 'ydf',
    state,
    signature: { task: 'regression', inputs: [{ name: 'rooms', type: 'number', optional: false }], target: 'price', classes: [] },
    verdict: passedVerdict,
    lineage: {
      formatVersion: 1,
      run: claim.run.id,
      definitionHash: 'c',
      codeHash: 'd',
      environment: { refit: '0.1.0', node: process.version, platform: process.platform },
      seed: 1,
      split: {},
      ...data,
    },
  })
  await transaction.updateTable('runs').set({ version: number }).where('id', '=', claim.run.id).execute()
  return number
}

const estimate = (value: number, spread: number): Estimate => ({ value, lower: value - spread, upper: value + spread })

export const passedVerdict: Verdict = {
  formatVersion: 1,
  answer: 'passed',
  summary: 'MAPE is 0.1271, within 0.15; MAE is not worse than that of version 3.',
  primaryMetric: 'mape',
  candidate: { mape: estimate(0.1271, 0.004), mae: estimate(68_201, 1200) },
  champion: { version: 3, metrics: { mape: estimate(0.1302, 0.004), mae: estimate(68_950, 1200) } },
  baseline: { mape: estimate(0.52, 0.01), mae: estimate(220_000, 3000) },
  rules: [
    {
      rule: { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.15 },
      origin: 'definition',
      answer: 'passed',
      explanation: 'MAPE is 0.1271 (90 % interval 0.1231 to 0.1311), at most 0.15.',
      candidate: estimate(0.1271, 0.004),
      champion: estimate(0.1302, 0.004),
      limit: 0.15,
    },
  ],
  test: { rows: 3742, units: 3511, unit: 'group', ineligibleRows: 12, freshRows: 421 },
  resamples: 2000,
  seed: 1,
  belowStandard: false,
  warnings: [],
}

export const failedVerdict: Verdict = {
  ...passedVerdict,
  answer: 'failed',
  summary: 'MAE is 71,021 USD, 4.1 % above that of version 3 (95 % sure of at least 3.2 %); at most 3 % is allowed. The champion stays.',
  rules: [
    ...passedVerdict.rules,
    {
      rule: { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } },
      origin: 'definition',
      answer: 'failed',
      explanation: 'MAE is 71,021, that of version 3 is 68,201: 4.1 % worse (90 % interval 3.2 to 5.0 %), more than the margin of 3 %.',
      candidate: estimate(71_021, 1200),
      champion: estimate(68_201, 1200),
      difference: estimate(0.041, 0.009),
      limit: 0.03,
    },
    {
      rule: { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.35, slice: { column: 'zipcode', minimumRows: 30 } },
      origin: 'definition',
      answer: 'inconclusive',
      explanation: 'MAPE in zipcode 98039 is 0.36 over 31 rows: too few to tell from 0.35.',
      candidate: estimate(0.36, 0.05),
    },
  ],
}
