import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTimeOf } from '../../src/processes/proc.js'
import { refit } from '../cli/refit-process.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'
import { assertNoDropLost } from './carried-through.js'

const train = "command(['sh', 'hang.sh'])"

/** Deaf to being asked to end, as is its child, which has left its process group. */
const hangingScript = `
trap '' TERM
setsid sleep 1000 &
echo hanging
sleep 1000
`
const PROCESSES = 3

describe('a trainer that hangs, deaf, with a detached process beside it', () => {
  let project: RunningProject

  before(async () => {
    project = await createProject({ ...smallProject({ train }), 'hang.sh': hangingScript, [`${DROPS}/1.csv`]: deliveries(1) })
    await project.up()
  })
  after(() => project.close())

  const processesOf = (run: string): Promise<readonly number[]> =>
    until(`the trainer of ${run} and what it starts`, async () => {
      const pids = await project.processesOf(run, 'train')
      return pids.length >= PROCESSES ? pids : undefined
    })

  test('refit cancel ends it whole, and the run is cancelled', async () => {
    const run = `${MODEL}-1`
    const pids = await processesOf(run)
    const { code, error } = await refit(['cancel', run], { folder: project.folder })
    assert.equal(code, 0, error)
    const { outcome, attempts } = await project.ended(run)
    assert.equal(outcome, 'cancelled')
    assert.deepEqual(attempts.map(({ stage, state }) => `${stage} ${state}`), ['ingest finished', 'split finished', 'train cancelled'])
    await assertGone(project, pids)
  })

  test('its time limit ends it whole, and the run fails', async () => {
    await project.down()
    await project.put('refit.config.ts', smallProject({ train, definition: "limits: { trainTime: '3 seconds' }," })['refit.config.ts'] ?? '')
    await project.up()
    const { run } = await project.api().requestRun(MODEL, { force: true })
    const pids = await processesOf(run.id)
    const { outcome, error, attempts } = await project.ended(run.id)
    assert.equal(outcome, 'failed')
    assert.equal(error?.code, 'training-timeout')
    assert.deepEqual(attempts.map(({ stage, state }) => `${stage} ${state}`), ['ingest finished', 'split finished', 'train failed'])
    await assertGone(project, pids)
    await assertNoDropLost(project)
  })
})

async function assertGone(project: RunningProject, pids: readonly number[]): Promise<void> {
  assert.deepEqual(await Promise.all(pids.map(startTimeOf)), pids.map(() => undefined))
  assert.deepEqual(await project.pids('children'), [])
}
