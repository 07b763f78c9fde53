import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { RunDetail } from '../../src/api/wire/run.js'
import { readProcessNote } from '../../src/roles/state.js'
import { line, toldProject, week } from '../scenarios/offered-models.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL } from '../support/small-project.js'
import { ask, needsMlflow, runMlflowScript } from './running-mlflow.js'

const Told = Type.Object({ refused: Type.Union([Type.String(), Type.Null()]), champion: Type.Union([Type.Integer(), Type.Null()]) })

let project: RunningProject
before(async () => {
  project = await createProject({ ...toldProject("window: { rows: 2000 }, approval: 'always',"), [`${DROPS}/week-01.csv`]: week(1, 0.08) })
  await project.up()
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'awaiting-approval')
})
after(() => project.close())

async function setChampion(version: number): Promise<Static<typeof Told>> {
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  return Value.Parse(Told, await runMlflowScript('champion.py', url, { MODEL, VERSION: String(version) }))
}

/** A run that trains that line. */
async function trained(slope: number): Promise<RunDetail> {
  await project.put('line.json', line(slope))
  return project.ended((await project.api().requestRun(MODEL, { force: true })).run.id)
}

test('a version that nobody has approved is not made champion by its alias, and neither is one that there is not', needsMlflow, async () => {
  const waiting = await setChampion(1)
  assert.match(waiting.refused ?? '', /^RESOURCE_CONFLICT: .*Version 1 of delivery-time may not serve: its state is awaiting-approval\. `refit approve delivery-time-1` lets it serve\. `refit promote delivery-time 1 --force --reason "…"`/)
  assert.equal(waiting.champion, null)
  assert.match((await setChampion(7)).refused ?? '', /^RESOURCE_DOES_NOT_EXIST: /)
  const { runs } = await project.api().runs({ model: MODEL, limit: 10 })
  assert.deepEqual(runs.map(({ number }) => number), [1], 'no run was asked for')
})

test('a version is promoted by the alias as by `refit promote`: a run checks it beside the champion, and the alias is where it passes', needsMlflow, async () => {
  await project.put('refit.config.ts', toldProject('window: { rows: 2000 },')['refit.config.ts'] ?? '')
  await project.down()
  await project.up()
  const first = await trained(0.08)
  const second = await trained(0.081)
  assert.deepEqual([first.outcome, second.outcome], ['promoted', 'promoted'], `${first.explanation} ${second.explanation}`)
  const [earlier, later] = [first.version ?? 0, second.version ?? 0]
  assert.deepEqual(await setChampion(later), { refused: null, champion: later }, 'what serves already stays')

  assert.deepEqual(await setChampion(earlier), { refused: null, champion: earlier })
  const [move] = await project.api().championMoves(MODEL)
  assert.deepEqual([move?.cause, move?.version, move?.previous, move?.reason], ['promote', earlier, later, 'its alias champion was set through MLflow'])
  const run = await project.ended(move?.run ?? '')
  assert.deepEqual([run.offer, run.verdict?.answer, run.verdict?.champion?.version], [{ kind: 'version', version: earlier }, 'passed', later])

  // The times have left it behind.
  await project.put(`${DROPS}/week-02.csv`, week(2, 0.12, 2000))
  await until('the drop', async () => ((await project.api().drops(MODEL)).drops.some(({ key }) => key === 'week-02.csv') ? true : undefined))
  const third = await trained(0.119)
  assert.equal(third.outcome, 'promoted', third.explanation)
  const refused = await setChampion(earlier)
  assert.match(refused.refused ?? '', new RegExp(`^RESOURCE_CONFLICT: .*Version ${earlier} of delivery-time is not champion: run \\S+, which checked it, ended rejected\\. .*MAPE.*\`refit show \\S+\` .*\`refit promote delivery-time ${earlier} --force --reason`, 's'))
  assert.equal(refused.champion, third.version)
})

test('two clients that set the alias at the same time wait for the same check', needsMlflow, async () => {
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  const before = (await project.api().runs({ model: MODEL, limit: 1 })).runs[0]?.number ?? 0
  const set = (): ReturnType<typeof ask> => ask(url, 'POST', '/api/2.0/mlflow/registered-models/alias', { name: MODEL, alias: 'champion', version: '2' })
  const first = set()
  await until('the run', async () => (((await project.api().runs({ model: MODEL, limit: 1 })).runs[0]?.number ?? 0) > before ? true : undefined))
  const answers = await Promise.all([first, set()])
  assert.equal(answers[0].text, answers[1].text)
  assert.deepEqual((await project.api().runs({ model: MODEL, limit: 10 })).runs.filter(({ number }) => number > before).length, 1)
})
