import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Type } from 'typebox'
import { systemClock } from '../../src/clock.js'
import { connect } from '../../src/database/connection.js'
import { registerModels } from '../../src/registry/models.js'
import { claimRun, type RunClaim } from '../../src/runs/execution.js'
import { stagesOf } from '../../src/runs/queries.js'
import { requestRun } from '../../src/runs/requests.js'
import { createStage, type StageRunner } from '../../src/workflow/run-stage.js'
import { ProgramStopping, RunCancelled } from '../../src/workflow/stage.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
before(async () => {
  running = await startDatabase({ connections: 5 })
})
after(() => running.stop())

let models = 0
let claim: RunClaim
let interruption: AbortController
beforeEach(async () => {
  models += 1
  const model = `model-${models}`
  await registerModels(running.database, systemClock, projectOf(modelNamed(model)), 'test')
  const { run } = await requestRun(running.database, systemClock, { model, cause: { trigger: 'manual', actor: 'tester' } })
  const claimed = await claimRun(running.database, systemClock, run.id)
  assert.ok(claimed)
  claim = claimed
  interruption = new AbortController()
})

const Result = Type.Object({ rows: Type.Integer() })

function runner(changes: Partial<StageRunner> = {}): StageRunner {
  const { database } = running
  return { database, clock: systemClock, claim, signal: interruption.signal, tokenPrefix: 'test', ...changes }
}

for (const { what, reason } of [
  { what: 'the program stops', reason: new ProgramStopping('The program is stopping.') },
  { what: 'the run is cancelled', reason: new RunCancelled('The run was cancelled.') },
]) {
  test(`a stage that pauses between two tries when ${what} ends for that reason`, async () => {
    const stage = createStage(runner())
    const ending = stage(
      'train',
      Result,
      () => {
        // After this failure is noted, the stage pauses.
        setTimeout(() => interruption.abort(reason), 300)
        return Promise.reject(new Error('the disk is slow today'))
      },
      { tries: 3 },
    )
    await assert.rejects(ending, reason)
    const { attempts } = await stagesOf(running.database, claim.run.id)
    assert.deepEqual(attempts.map(({ state }) => state), ['failed'])
  })

  test(`a stage that waits for the database when ${what} ends for that reason`, async () => {
    const away = connect('postgresql://refit@127.0.0.1:1/refit', { applicationName: 'test' })
    const stage = createStage(runner({ database: away.database }))
    setTimeout(() => interruption.abort(reason), 300)
    await assert.rejects(stage('train', Result, () => Promise.resolve(() => Promise.resolve({ rows: 1 }))), reason)
    await away.close()
  })
}

test('a result that could not be read again is not kept', async () => {
  const stage = createStage(runner())
  await assert.rejects(stage('ingest', Result, () => Promise.resolve(() => Promise.resolve({ rows: Number.NaN }))))
  assert.deepEqual((await stagesOf(running.database, claim.run.id)).stages, [])
})
