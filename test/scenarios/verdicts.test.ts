import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createProject, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** The small project with rules of its own, whose trainer spoils its model by the factor in `spoil.txt`. */
function projectWith(check: string, definition = ''): Readonly<Record<string, string>> {
  const files = smallProject({ definition })
  const trainer = (files['trainer.ts'] ?? '').replace("JSON.stringify({ slope, intercept: y - slope * x })", "JSON.stringify({ slope: slope * spoil, intercept: (y - slope * x) * spoil })")
  return {
    ...files,
    'refit.config.ts': withCheck(files['refit.config.ts'] ?? '', check),
    'trainer.ts': trainer.replace("const [head,", "const spoil = Number(readFileSync('spoil.txt', 'utf8'))\n  const [head,"),
    'spoil.txt': '1',
  }
}

function withCheck(project: string, check: string): string {
  return project.replace('(m) => [m.mape.atMost(0.25)]', `(m) => [${check}]`)
}

async function startedProject(t: TestContext, files: Readonly<Record<string, string>>): Promise<RunningProject> {
  const project = await createProject(files)
  t.after(() => project.close())
  await project.up()
  return project
}

/** Kinds of the model's events about its standard, in order. */
async function standardEvents(project: RunningProject): Promise<readonly string[]> {
  const connection = await project.sql()
  try {
    const { rows } = await connection.query<{ kind: string }>("select kind from events where kind like 'model.%-standard' order by transaction, id")
    return rows.map(({ kind }) => kind)
  } finally {
    await connection.end()
  }
}

test('a champion that cannot score the rows leaves the run to someone’s approval, which breaks the deadlock', async (t) => {
  const files = projectWith('m.mape.atMost(0.25), m.mae.notWorseThanChampion()')
  const project = await startedProject(t, files)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')

  await project.down()
  const renamed = Object.fromEntries(Object.entries(files).map(([path, content]) => [path, content.replaceAll('distance_km', 'way_km')]))
  for (const [path, content] of Object.entries(renamed)) await project.put(path, content.replace(/source: (folder\([^)]*\)),/, "source: $1,\n  delivery: replace(),"))
  await project.up()
  await project.put(`${DROPS}/week-02.csv`, deliveries(2).replace('distance_km', 'way_km'))
  const run = await project.ended(`${MODEL}-2`)
  assert.equal(run.outcome, 'awaiting-approval', run.explanation)
  assert.deepEqual(run.verdict?.incomparable, { version: 1, reason: 'it needs distance_km, which the definition has no more' })
  assert.deepEqual(run.rules.map(({ label, answer }) => [label, answer]), [
    ['MAPE at most 25 %', 'passed'],
    ['MAE not worse than the champion by 3 %', 'inconclusive'],
    ['MAE better than the baseline', 'passed'],
  ])
  assert.match(run.nextSteps.join(' '), /refit approve delivery-time-2.*break the deadlock/)
  await project.api().approve(`${MODEL}-2`, { reason: 'the column was renamed' })
  await project.put(`${DROPS}/week-03.csv`, deliveries(3).replace('distance_km', 'way_km'))
  const next = await project.ended(`${MODEL}-3`)
  assert.equal(next.verdict?.champion?.version, 2, next.explanation)
})

test('a model below its standard is told of once, and the lesser evil replaces it where the definition says so', async (t) => {
  const files = projectWith('m.mape.atMost(0.25)', 'replaceIfBetter: true,')
  const project = await startedProject(t, files)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')

  // Deliveries take twice as long from now on: the champion, which learned otherwise, falls short.
  const slow = (seed: number): string => deliveries(seed).replaceAll(/,([\d.]+)$/gm, (_, hours: string) => `,${(2 * Number(hours)).toFixed(2)}`)
  await project.down()
  await project.put('refit.config.ts', (files['refit.config.ts'] ?? '').replace('split:', 'delivery: replace(),\n  split:'))
  await project.put('spoil.txt', '0.4')
  await project.up()
  await project.put(`${DROPS}/week-02.csv`, slow(2))
  const worse = await project.ended(`${MODEL}-2`)
  assert.equal(worse.outcome, 'rejected', worse.explanation)
  assert.match(worse.explanation ?? '', /falls short as well\. The candidate is not proven better than it, so it is no lesser evil\./)
  assert.deepEqual(await standardEvents(project), ['model.below-standard'])

  await project.put('spoil.txt', '0.7')
  await project.put(`${DROPS}/week-03.csv`, slow(3))
  const lesser = await project.ended(`${MODEL}-3`)
  assert.equal(lesser.outcome, 'promoted', lesser.explanation)
  assert.match(lesser.explanation ?? '', /Passed as the lesser evil\./)
  assert.deepEqual(await standardEvents(project), ['model.below-standard'])

  await project.put('spoil.txt', '1')
  await project.put(`${DROPS}/week-04.csv`, slow(4))
  assert.equal((await project.ended(`${MODEL}-4`)).outcome, 'promoted')
  assert.deepEqual(await standardEvents(project), ['model.below-standard', 'model.meets-standard'])
})
