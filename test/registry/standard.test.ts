import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import type { Verdict } from '../../src/evaluation/verdict.js'
import { noteStandard } from '../../src/lifecycle/standard.js'
import { registerModels } from '../../src/registry/models.js'
import { commitStage, endRun, openAttempt } from '../../src/runs/execution.js'
import { readEvents } from '../../src/runs/event.js'
import { passedVerdict, startedRun } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase()
  database = running.database
})
after(() => running.stop())

const kept: Verdict = { ...passedVerdict, formatVersion: 2 }
const below: Verdict = { ...kept, belowStandard: true, shortfalls: ['MAPE is 16 %, 1 points too much; at most 15 % is asked for.'] }
const small: Verdict = { ...kept, test: { ...kept.test, tooSmall: 'The test set has 3 rows.' } }
const first: Verdict = { ...kept }
delete first.champion
const [threshold] = kept.rules
const lesser: Verdict = { ...below, rules: threshold === undefined ? [] : [{ ...threshold, lesserEvil: true, explanation: 'MAPE is 16 %; it takes its place as the lesser evil.' }] }

/** A run of the model whose check came to this verdict, with what followed. */
async function checked(model: string, verdict: Verdict, next: 'none' | 'approval' | 'deploy'): Promise<void> {
  const claim = await startedRun(database, model)
  if (claim.run.definition === undefined) throw new Error('no definition')
  const run = { id: claim.run.id, model, definition: claim.run.definition, definitionHash: '', force: false }
  const startedAt = clock.now()
  const attempt = await openAttempt(database, clock, claim, 'check')
  await commitStage(database, clock, claim, { name: 'check', position: 4, attempt, startedAt }, async (transaction) => {
    const standard = await noteStandard(transaction, clock.now(), run, verdict, next)
    return { answer: verdict.answer, ...(standard === undefined ? {} : { standard }) }
  })
  await endRun(database, clock, claim, { outcome: next === 'none' ? 'rejected' : 'promoted', explanation: '' })
}

async function told(model: string): Promise<readonly string[]> {
  const events = await readEvents(database, { model, limit: 1000 })
  return events.filter(({ kind }) => kind.endsWith('-standard')).map(({ kind, data }) => `${kind.slice('model.'.length)}: ${String(data['explanation'])}`)
}

test('that a champion falls short is told once when it begins and once when it ends', async () => {
  await registerModels(database, clock, projectOf(modelNamed('once')), 'test')
  await checked('once', kept, 'none')
  assert.deepEqual(await told('once'), [])
  for (const verdict of [below, below, small, first]) await checked('once', verdict, 'none')
  await checked('once', below, 'approval')
  assert.deepEqual(await told('once'), ['below-standard: Version 3 serves and falls short. MAPE is 16 %, 1 points too much; at most 15 % is asked for.'])
  await checked('once', kept, 'none')
  await checked('once', kept, 'none')
  assert.equal((await told('once')).length, 2)
  assert.match((await told('once'))[1] ?? '', /^meets-standard: Version 3 serves and keeps every threshold/)
  await checked('once', below, 'none')
  assert.equal((await told('once')).length, 3)
})

test('a champion that is about to be replaced by a candidate within the standard is not told of; one that the lesser evil replaces is', async () => {
  await registerModels(database, clock, projectOf(modelNamed('replaced')), 'test')
  await checked('replaced', below, 'deploy')
  assert.deepEqual(await told('replaced'), [])
  await checked('replaced', lesser, 'deploy')
  assert.deepEqual(await told('replaced'), ['below-standard: MAPE is 16 %; it takes its place as the lesser evil.'])
  await checked('replaced', below, 'deploy')
  assert.match((await told('replaced')).at(-1) ?? '', /^meets-standard: The candidate that takes over keeps every threshold\.$/)
})
