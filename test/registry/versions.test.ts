import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import { registerModels } from '../../src/registry/models.js'
import { getVersion, listVersions, versionOfRun } from '../../src/registry/version.js'
import { endRun, type RunClaim } from '../../src/runs/execution.js'
import { addVersionIn, addVersionOf, promotedRun, startedRun } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase({ connections: 20 })
  database = running.database
  await registerModels(database, clock, projectOf(modelNamed('numbers'), modelNamed('other'), modelNamed('raced'), modelNamed('undone'), modelNamed('away')), 'test')
})
after(() => running.stop())

async function endedRun(model: string): Promise<RunClaim> {
  const claim = await startedRun(database, model)
  await endRun(database, clock, claim, { outcome: 'unchanged', explanation: 'Nothing has changed.' })
  return claim
}

const numbersOf = async (model: string): Promise<readonly number[]> => (await listVersions(database, model)).map(({ number }) => number)

test('version numbers count per model', async () => {
  for (const model of ['numbers', 'other', 'numbers']) await promotedRun(database, model)
  assert.deepEqual([await numbersOf('numbers'), await numbersOf('other')], [[2, 1], [1]])
})

test('a run makes one version, however often and by how many it is registered; each its own number', async () => {
  const claims: RunClaim[] = []
  for (let runs = 0; runs < 6; runs += 1) claims.push(await endedRun('raced'))
  const numbers = await Promise.all([...claims, ...claims, ...claims].map((claim) => addVersionOf(database, claim, 'passed')))
  assert.deepEqual(numbers.slice(6), [...numbers.slice(0, 6), ...numbers.slice(0, 6)])
  assert.deepEqual(await numbersOf('raced'), [6, 5, 4, 3, 2, 1])
  for (const [index, claim] of claims.entries()) assert.equal((await versionOfRun(database, claim.run.id))?.number, numbers[index])
})

test('a registration that is undone leaves no version', async () => {
  const claim = await endedRun('undone')
  const undone = database.transaction().execute(async (transaction) => {
    await addVersionIn(transaction, claim, 'passed')
    throw new Error('undo')
  })
  await assert.rejects(undone, /undo/)
  assert.deepEqual(await numbersOf('undone'), [])
  assert.equal(await addVersionOf(database, claim, 'passed'), 1)
})

test('numbers go on when a model has been away from the project', async () => {
  await promotedRun(database, 'away')
  await registerModels(database, clock, projectOf(modelNamed('other')), 'test')
  await registerModels(database, clock, projectOf(modelNamed('other'), modelNamed('away')), 'test')
  await promotedRun(database, 'away')
  assert.deepEqual(await numbersOf('away'), [2, 1])
  assert.equal((await getVersion(database, 'away', 1)).run, 'away-1')
})
