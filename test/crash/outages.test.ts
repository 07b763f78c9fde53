import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createPool } from '../../src/database/connection.js'
import { startEmbeddedServer } from '../../src/database/embedded/server.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, HOLD, MODEL, smallProject } from '../support/small-project.js'
import { assertCarriedThrough, assertServed, undisturbed, type Expected } from './carried-through.js'
import { watchServing } from './watch-serving.js'

describe('one part dies while a run is trained', () => {
  let project: RunningProject
  let expected: Expected

  before(async () => {
    project = await createProject({ ...smallProject(), [`${DROPS}/1.csv`]: deliveries(1) })
    await project.up()
    await project.ended(`${MODEL}-1`)
    expected = await undisturbed(project)
    await assertServed(project)
  })
  after(() => project.close())

  /** Requests a run and comes back when its trainer runs; it goes on running until HOLD is removed. */
  const trainerRuns = async (): Promise<string> => {
    await project.put(HOLD, '')
    const { run } = await project.api().requestRun(MODEL, { force: true })
    await until(`the trainer of ${run.id}`, async () => ((await project.processesOf(run.id, 'train')).length > 0 ? true : undefined))
    return run.id
  }

  test('PostgreSQL: the run ends as it would have, and serving answers all the while', async () => {
    const run = await trainerRuns()
    const serving = watchServing(project)
    await project.kill('postgres')
    await project.remove(HOLD)
    await project.ended(run)
    assert.deepEqual(await serving.stop(), [])
    await assertCarriedThrough(project, run, expected)
  })

  test("PostgreSQL's first process alone, its others left behind: the run ends as it would have", async () => {
    const run = await trainerRuns()
    const serving = watchServing(project)
    await project.killFirst('postgres')
    await project.remove(HOLD)
    await project.ended(run)
    assert.deepEqual(await serving.stop(), [])
    await assertCarriedThrough(project, run, expected)
  })

  test('serving: it comes back by itself with the same version', async () => {
    const run = await trainerRuns()
    const former = await project.pids('serving')
    await project.kill('serving')
    await until('serving to come back', async () => ((await project.pids('serving')).length > 0 ? true : undefined))
    assert.notDeepEqual(await project.pids('serving'), former)
    await assertServed(project)
    await project.remove(HOLD)
    await assertCarriedThrough(project, run, expected)
  })

  test('control: serving goes on answering; the next start adopts it and PostgreSQL, ends the trainer left behind and goes on', async () => {
    const run = await trainerRuns()
    const serving = watchServing(project)
    const [servingBefore, postgresBefore, trainer] = await Promise.all([project.pids('serving'), project.pids('postgres'), project.processesOf(run, 'train')])
    await project.kill('control')
    await project.up()
    await until('the trainer left behind to be ended', async () => {
      const present = await project.processesOf(run, 'train')
      return trainer.some((pid) => present.includes(pid)) ? undefined : true
    })
    await project.remove(HOLD)
    await project.ended(run)
    assert.deepEqual(await serving.stop(), [])
    assert.deepEqual(await project.pids('serving'), servingBefore)
    assert.equal((await project.pids('postgres'))[0], postgresBefore[0])
    await assertCarriedThrough(project, run, expected)
  })

  test('the tables of DBOS are emptied while the program is stopped: the run goes on from what it has finished', async () => {
    const run = await trainerRuns()
    await project.down()
    assert.deepEqual(await project.pids('children'), [], 'stopping ends the trainer')
    await emptyDbos(project.stateFolder)
    await project.remove(HOLD)
    await project.up()
    const { attempts } = await project.ended(run)
    assert.deepEqual(
      attempts.filter(({ state }) => state === 'finished').map(({ stage, number }) => `${stage} ${number}`),
      ['ingest 1', 'split 1', 'train 2', 'check 1', 'version 1', 'deploy 1'],
    )
    await assertCarriedThrough(project, run, expected)
  })
})

/** Empties all that DBOS has written, in a server of the test's own. */
async function emptyDbos(stateFolder: string): Promise<void> {
  const server = await startEmbeddedServer(stateFolder)
  const pool = createPool(server.url, { applicationName: 'test' })
  const { rows } = await pool.query<{ name: string }>("select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'dbos' and tablename not like '%migrations'")
  assert.ok(rows.length > 0)
  await pool.query(`truncate ${rows.map(({ name }) => name).join(', ')} cascade`)
  await pool.end()
  await server.release()
}
