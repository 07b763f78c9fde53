import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, HOLD, MODEL, smallProject } from '../support/small-project.js'
import { assertCarriedThrough, undisturbed, type Expected } from './carried-through.js'

const RUN = `${MODEL}-1`
const files = { ...smallProject({ definition: 'refitOnAll: true,' }), [`${DROPS}/1.csv`]: deliveries(1) }

let expected: Expected
before(async () => {
  const project = await createProject(files)
  try {
    await project.up()
    expected = await undisturbed(project, RUN)
  } finally {
    await project.close()
  }
  assert.deepEqual([expected.outcome, expected.stages.includes('refit')], ['promoted', true])
  assert.notEqual(expected.digest, expected.candidate)
})

let project: RunningProject
before(async () => {
  project = await createProject(files)
})
after(() => project.close())

test('everything killed between the two trainings, inside the second, before its commit and after it: the run ends as it would have', async () => {
  await project.up({ pauseAt: 'refit:before' })
  await project.paused()
  await project.kill()

  await project.put(HOLD, '')
  await project.up({ pauseAt: 'refit:before-commit' })
  await until('the second training', async () => ((await project.processesOf(RUN, 'refit')).length > 0 ? true : undefined))
  await project.kill()

  await project.remove(HOLD)
  await project.up({ pauseAt: 'refit:before-commit' })
  await project.paused()
  await project.kill()

  await project.up({ pauseAt: 'refit:after' })
  await project.paused()
  await project.kill()

  await project.up()
  await assertCarriedThrough(project, RUN, expected)
  const { attempts } = await project.api().run(RUN)
  assert.deepEqual(attempts.filter(({ stage }) => stage === 'train').map(({ state }) => state), ['finished'], 'the first training was not repeated')
})
