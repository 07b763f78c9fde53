import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import { rejectedInARow } from '../../src/notifications/rejections.js'
import { registerModels } from '../../src/registry/models.js'
import { latestCursor } from '../../src/runs/event.js'
import { awaitingRun, promotedRun, rejectedRun } from '../api/seeded-runs.js'
import { startDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

test('a candidate that waits for an approval without having passed does not begin the row of rejections anew; one that passed does', async (context) => {
  const { database, stop } = await startDatabase()
  context.after(stop)
  await registerModels(database, clock, projectOf(modelNamed('price')), 'test')
  const inARow = async (): Promise<number> => rejectedInARow(database, 'price', (await latestCursor(database)) ?? '')
  await promotedRun(database, 'price')
  for (let count = 0; count < 2; count += 1) await rejectedRun(database, 'price')
  const { run } = await awaitingRun(database, 'price')
  await rejectedRun(database, 'price')
  assert.equal(await inARow(), 3)
  await database.updateTable('runs').set({ verdict: JSON.stringify({ answer: 'passed' }) }).where('id', '=', run).execute()
  assert.equal(await inARow(), 1)
})
