import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { RunDetail } from '../../src/api/wire/run.js'
import { attemptLog } from '../../src/lifecycle/folders.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** More units than are drawn singly, so that judging takes its time and a second thread has something to do. */
const ROWS = 20_000
const check = "(m) => [m.mape.atMost(0.25, { confidence: 0.95 }), m.mae.notWorseThanChampion({ relative: 0.03 }), m.medianAbsoluteError.notWorseThanChampion({ relative: 0.03 })]"
const RUN = `${MODEL}-2`

/** A project whose first drop has given it a champion. */
async function projectWithChampion(t: TestContext): Promise<RunningProject> {
  const project = await createProject({ ...smallProject({ check }), [`${DROPS}/1.csv`]: deliveries(1, ROWS) })
  t.after(() => project.close())
  await project.up()
  const { outcome, explanation } = await project.ended(`${MODEL}-1`)
  assert.equal(outcome, 'promoted', explanation)
  return project
}

/** The control server and what it starts from now on have one processor, and so one thread to judge on. */
async function onOneProcessor(project: RunningProject): Promise<void> {
  for (const pid of await project.pids('control')) await promisify(execFile)('taskset', ['--all-tasks', '--cpu-list', '--pid', '0', String(pid)])
}

/** The verdict as it is stored, to the last digit. */
async function storedVerdict(project: RunningProject): Promise<string> {
  const connection = await project.sql()
  try {
    const { rows } = await connection.query<{ verdict: string }>('select verdict::text from runs where id = $1', [RUN])
    assert.ok(rows[0] !== undefined)
    return rows[0].verdict
  } finally {
    await connection.end()
  }
}

/** Holds the check's processes where they are, so that it does not end before it is killed; undefined while there are none. */
async function held(project: RunningProject): Promise<true | undefined> {
  const pids = await project.processesOf(RUN, 'check')
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return pids.length > 0 ? true : undefined
}

function checksOf({ attempts }: RunDetail): readonly string[] {
  return attempts.flatMap(({ stage, state }) => (stage === 'check' ? [state] : []))
}

test('a check that is killed at its start, while it judges, and before its verdict is stored, ends with the verdict of one that nobody disturbs, to the last bit', async (t) => {
  const undisturbed = await projectWithChampion(t)
  await onOneProcessor(undisturbed)
  await undisturbed.put(`${DROPS}/2.csv`, deliveries(2, ROWS))
  const whole = await undisturbed.ended(RUN)
  assert.deepEqual(checksOf(whole), ['finished'])
  assert.ok(whole.verdict?.champion !== undefined && whole.verdict.test.bundles !== undefined && whole.verdict.test.freshRows > 0)
  const expected = await storedVerdict(undisturbed)
  await undisturbed.down()

  const project = await projectWithChampion(t)
  await project.put(`${DROPS}/2.csv`, deliveries(2, ROWS))
  await until('a check that is held', () => held(project), 2)
  // That it was begun is known after the kill only once the database has it on its disk.
  await delay(1000)
  await project.kill()
  // It may come so far before the program has started as a whole.
  const starting = project.up()
  await until('a check that is held while it judges', async () => {
    const log = await readFile(attemptLog(project.stateFolder, RUN, 'check', 2), 'utf8').catch(() => '')
    return log.includes('scored them') ? held(project) : undefined
  }, 2)
  await starting
  await project.kill()
  await project.up({ pauseAt: 'check:before-commit' })
  await project.paused()
  await project.kill()
  await project.up()
  const again = await project.ended(RUN)
  assert.deepEqual(checksOf(again), ['interrupted', 'interrupted', 'interrupted', 'finished'])
  assert.equal(await storedVerdict(project), expected)
  assert.equal(again.explanation, whole.explanation)
})
