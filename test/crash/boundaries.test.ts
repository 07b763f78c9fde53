import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, HOLD, MODEL, smallProject } from '../support/small-project.js'
import { assertCarriedThrough, undisturbed, type Expected } from './carried-through.js'

const stages = ['ingest', 'split', 'train', 'check', 'version', 'deploy'] as const
const moments = ['after', 'before the commit of', 'inside'] as const

interface Kill {
  readonly stage: (typeof stages)[number]
  readonly moment: (typeof moments)[number]
}

/**
 * From the last moment of a run to its first: a run that is gone on with has passed the pause of the kill to come, so
 * one start of the program is both the restart after a kill and the preparation of the next.
 */
const kills: readonly Kill[] = stages.toReversed().flatMap((stage) => moments.map((moment) => ({ stage, moment })))

describe('everything killed at once and started again', () => {
  let project: RunningProject
  let expected: Expected
  let pausingAt: string | undefined

  const up = async (pauseAt: string | undefined): Promise<void> => {
    pausingAt = pauseAt
    await project.up(pauseAt === undefined ? {} : { pauseAt })
  }
  const ensureUp = async (pauseAt: string | undefined): Promise<void> => {
    if (pausingAt === pauseAt && (await project.pids('control')).length > 0) return
    await project.kill('control')
    await up(pauseAt)
  }

  before(async () => {
    project = await createProject({ ...smallProject(), [`${DROPS}/1.csv`]: deliveries(1) })
    await up(undefined)
    await project.ended(`${MODEL}-1`)
    expected = await undisturbed(project)
    assert.equal(expected.outcome, 'promoted')
  })
  after(() => project.close())

  for (const [index, kill] of kills.entries()) {
    test(`${kill.moment} ${kill.stage}: the run ends as it would have`, async () => {
      await ensureUp(pauseOf(kill))
      const run = await begin(project, kill)
      await reach(project, run, kill)
      await project.kill()
      await project.remove(HOLD)
      await up(kill.stage === 'ingest' ? undefined : pauseOf(kills[index + 1]))
      await project.ended(run)
      // New data: what they give is told by a run that nobody disturbs.
      if (kill.stage === 'ingest') expected = await undisturbed(project)
      await assertCarriedThrough(project, run, expected)
    })
  }
})

function pauseOf(kill: Kill | undefined): string | undefined {
  if (kill === undefined || kill.moment === 'inside') return undefined
  return kill.moment === 'after' ? `${kill.stage}:after` : `${kill.stage}:before-commit`
}

/** Has a run requested: by a new drop where ingest is to be killed, else of the present data. */
async function begin(project: RunningProject, { stage, moment }: Kill): Promise<string> {
  if (stage === 'train' && moment === 'inside') await project.put(HOLD, '')
  if (stage !== 'ingest') return (await project.api().requestRun(MODEL, { force: true })).run.id
  const { runs } = await project.api().runs({ model: MODEL, limit: 1 })
  const arrived = (await project.files(DROPS)).length
  await project.put(`${DROPS}/${arrived + 1}.csv`, deliveries(arrived + 1))
  return `${MODEL}-${(runs[0]?.number ?? 0) + 1}`
}

/** Comes back when the run stands where it is to be killed. */
async function reach(project: RunningProject, run: string, kill: Kill): Promise<void> {
  if (pauseOf(kill) !== undefined) return project.paused()
  if (kill.stage === 'version') return reachWrite(project, run, 'versions')
  if (kill.stage === 'deploy') return reachWrite(project, run, 'champions')
  await until(`a process of ${run} in ${kill.stage}`, async () => ((await project.processesOf(run, kill.stage)).length > 0 ? true : undefined), 2)
}

/** Comes back when the run is within the transaction that writes a table, which is held against it until the server dies. */
async function reachWrite(project: RunningProject, run: string, table: string): Promise<void> {
  const connection = await project.sql()
  await connection.query('begin')
  await connection.query(`lock table ${table} in share mode`)
  await until(`${run} to write ${table}`, async () => {
    const { rowCount } = await connection.query('select from pg_locks where not granted and relation = $1::regclass', [table])
    return rowCount === 0 ? undefined : true
  })
}
