import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Value } from 'typebox/value'
import { Lineage } from '../../src/registry/version.js'
import { refit } from '../cli/refit-process.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, HOLD, MODEL, deliveries, smallProject } from '../support/small-project.js'

/** A project that has promoted a version for each of its weeks. */
async function projectWith(t: TestContext, weeks: number): Promise<RunningProject> {
  const project = await createProject(smallProject())
  t.after(() => project.close())
  await project.up()
  for (let week = 1; week <= weeks; week += 1) await deliver(project, week)
  return project
}

async function deliver(project: RunningProject, week: number, run = week): Promise<void> {
  await project.put(`${DROPS}/week-0${week}.csv`, deliveries(week))
  const ended = await project.ended(`${MODEL}-${run}`)
  assert.equal(ended.outcome, 'promoted', ended.explanation)
}

const drop = (number: number): string => `${MODEL}-d${number}`
const champion = async (project: RunningProject): Promise<number | undefined> => (await project.api().model(MODEL)).champion?.version
const historyOf = async (project: RunningProject, version: number): Promise<readonly string[]> => {
  const { drops } = Value.Parse(Lineage, (await project.api().version(MODEL, version)).lineage)
  return drops.map(({ key }) => key)
}
const ask = async (project: RunningProject, ...words: readonly string[]): Promise<string> => {
  const { code, out, error } = await refit(words, { folder: project.folder })
  assert.equal(code, 0, error)
  return out
}

test('a withdrawal says what was made from the drop; with --repair the champion goes back and a run without it follows', async (t) => {
  const project = await projectWith(t, 3)
  const said = await ask(project, 'drops', 'withdraw', drop(2), '--reason', 'measured in minutes')
  assert.match(said, /withdrawn {2}week-02\.csv/)
  assert.match(said, /Versions made from it: 3, 2\n\s+Version 3 serves\.\n\s+`refit drops withdraw delivery-time-d2 --repair --reason "…"` would put version 1 into service and start a run/)
  assert.equal(await champion(project), 3)

  const repaired = await ask(project, 'drops', 'withdraw', drop(2), '--repair', '--reason', 'measured in minutes')
  assert.match(repaired, /Version 1 serves in place of 3\.\n\s+Run delivery-time-4 trains without it\./)
  const run = await project.ended(`${MODEL}-4`)
  assert.deepEqual(run.causes.map(({ trigger, detail }) => [trigger, detail]), [['withdrawal', `${drop(2)} withdrawn: measured in minutes`]])
  assert.equal(run.outcome, 'promoted', run.explanation)
  assert.deepEqual(await historyOf(project, 4), ['week-01.csv', 'week-03.csv'])

  assert.match(await ask(project, 'drops', 'restore', drop(2), '--reason', 'it was right'), /recorded {2}week-02\.csv/)
  const restored = await project.ended(`${MODEL}-5`)
  assert.equal(restored.outcome, 'promoted', restored.explanation)
  assert.deepEqual(await historyOf(project, 5), ['week-01.csv', 'week-02.csv', 'week-03.csv'])
  const shown = await ask(project, 'drops', '--drop', drop(2))
  for (const word of ['recorded', 'ingested', 'withdrawn by test', 'restored by test', 'measured in minutes', 'it was right'].map((each) => each.replace('test', 'cli:'))) assert.ok(shown.includes(word), `${word} in ${shown}`)
})

test('a repair ends the run that is training on the drop; the next one is promoted without it', async (t) => {
  const project = await projectWith(t, 1)
  await project.put(HOLD, '')
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))
  await until('the training', async () => ((await project.processesOf(`${MODEL}-2`, 'train')).length > 0 ? true : undefined))
  const { withdrawal } = await project.api().decideDrops({ kind: 'withdraw', drops: [drop(2)], reason: 'wrong week', repair: true })
  assert.deepEqual([withdrawal?.versions, withdrawal?.activeRun, withdrawal?.repair.cancels], [[], `${MODEL}-2`, `${MODEL}-2`])
  assert.equal((await project.ended(`${MODEL}-2`)).outcome, 'cancelled')
  await project.remove(HOLD)
  // Snapshot and champion are those of the first run again.
  assert.equal((await project.ended(`${MODEL}-3`)).outcome, 'unchanged')
  assert.equal(await champion(project), 1)
})

test('a version that was made from a drop which is withdrawn before it is deployed does not serve', async (t) => {
  const project = await projectWith(t, 1)
  await project.down()
  await project.up({ pauseAt: 'version:after' })
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))
  await project.put(`${DROPS}/week-03.csv`, deliveries(3))
  await project.paused()
  await project.api().decideDrops({ kind: 'withdraw', drops: [drop(2)], reason: 'wrong week' })
  await project.kill('control')
  await project.up()
  const run = await project.ended(`${MODEL}-2`)
  assert.deepEqual([run.outcome, run.explanation], ['cancelled', `Version 2 does not serve: it was made from drop ${drop(2)}, which was withdrawn meanwhile. A run without follows.`])
  const next = await project.ended(`${MODEL}-3`)
  assert.equal(next.outcome, 'promoted', next.explanation)
  assert.deepEqual([await champion(project), await historyOf(project, 3)], [3, ['week-01.csv', 'week-03.csv']])
})

test('a version that was compared with a champion which serves no more does not replace the one that does', async (t) => {
  const project = await projectWith(t, 1)
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))
  assert.equal((await project.ended(`${MODEL}-2`)).outcome, 'promoted')
  await project.down()
  await project.up({ pauseAt: 'version:after' })
  await project.put(`${DROPS}/week-03.csv`, deliveries(3))
  await project.paused()
  await ask(project, 'rollback', MODEL, '--reason', 'callers complain')
  await project.kill('control')
  await project.up()
  const run = await project.ended(`${MODEL}-3`)
  assert.deepEqual([run.outcome, run.explanation], ['cancelled', 'Version 3 does not serve: it was compared with version 2, and version 1 is champion since. A run that compares with it follows.'])
  const next = await project.ended(`${MODEL}-4`)
  assert.deepEqual([next.causes.map(({ trigger }) => trigger), next.verdict?.champion?.version], [['champion'], 1], next.explanation)
})

test('a drop in quarantine is told by the run, and its release lets the next run take it', async (t) => {
  const project = await projectWith(t, 1)
  await project.put(`${DROPS}/week-02.csv`, deliveries(2).replace(/^o2-7,[\d.]+,/m, 'o2-7,-4,'))
  const refused = await project.ended(`${MODEL}-2`)
  assert.equal(refused.outcome, 'unchanged')
  assert.match(await ask(project, 'show', `${MODEL}-2`), /week-02\.csv quarantined: Column distance_km: 1 row below the smallest allowed value 0\./)
  await ask(project, 'drops', 'release', drop(2), '--reason', 'the odometer ran backwards')
  const run = await project.ended(`${MODEL}-3`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  assert.match(await ask(project, 'drops'), /week-02\.csv +✓ ingested +300 .* Released by cli:\S+ the odometer ran backwards/)
})
