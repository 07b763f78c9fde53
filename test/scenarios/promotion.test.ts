import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RunDetail } from '../../src/api/wire/run.js'
import { refit } from '../cli/refit-process.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, HOLD, MODEL } from '../support/small-project.js'
import { line, toldProject, week } from './offered-models.js'

let project: RunningProject
before(async () => {
  project = await createProject({ ...toldProject('window: { rows: 2000 },'), [`${DROPS}/week-01.csv`]: week(1, 0.08) })
  await project.up()
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  assert.equal((await trained(0.081)).outcome, 'promoted')
})
after(() => project.close())

/** A run that trains that line. */
async function trained(slope: number): Promise<RunDetail> {
  await project.put('line.json', line(slope))
  return project.ended((await project.api().requestRun(MODEL, { force: true })).run.id)
}

const champion = async (): Promise<number | undefined> => (await project.api().model(MODEL)).champion?.version
const served = (slope: number): Promise<true> => until(`the line of ${slope}`, async () => {
  const answer = await project.predict(MODEL, [{ distance_km: 1000 }])
  return JSON.stringify(answer?.body).includes(String(12 + slope * 1000)) ? true : undefined
})

test('an older version is checked beside the champion on the data of today, and serves again without becoming another', async () => {
  await served(0.081)
  const { code, out, error } = await refit(['promote', MODEL, '1', '--reason', 'it was steadier'], { folder: project.folder })
  assert.equal(code, 0, error)
  assert.match(out, /✓ promoted {2}delivery-time-3/)
  const run = await project.ended(`${MODEL}-3`)
  assert.deepEqual(run.stages.map(({ name }) => name), ['ingest', 'split', 'train', 'check', 'version', 'deploy'])
  assert.deepEqual([run.version, run.offer, run.verdict?.champion?.version], [1, { kind: 'version', version: 1 }, 2])
  assert.equal(await champion(), 1)
  const { versions } = await project.api().versions(MODEL)
  assert.deepEqual(versions.map(({ number, state, run: madeBy }) => [number, state, madeBy]), [[2, 'passed', `${MODEL}-2`], [1, 'passed', `${MODEL}-1`]])
  const [move] = await project.api().championMoves(MODEL)
  assert.deepEqual([move?.cause, move?.version, move?.previous, move?.reason, move?.run], ['promote', 1, 2, 'it was steadier', `${MODEL}-3`])
  await served(0.08)
  assert.match((await refit(['show', `${MODEL}-3`], { folder: project.folder })).out, /Cause {3}promote by cli:\w+: version 1: it was steadier\n {2}Offer {3}version 1/)
})

test('what was promoted by hand is not undone by a run without anything new, and a rollback goes back below it', async () => {
  const { run } = await project.api().requestRun(MODEL, { force: false })
  const ended = await project.ended(run.id)
  assert.deepEqual([ended.outcome, await champion()], ['unchanged', 1], ended.explanation)
  assert.equal((await project.api().rollback(MODEL, { reason: 'to see' })).version, 2)
  await served(0.081)
})

test('drops that a promotion has taken are trained on by a run that follows it', async () => {
  await project.put(HOLD, '')
  const held = (await project.api().requestRun(MODEL, { force: true })).run.id
  await until('training', async () => ((await project.processesOf(held, 'train')).length > 0 ? true : undefined))
  const promotion = (await project.api().requestPromotion(MODEL, 1)).run
  assert.equal(promotion.state, 'waiting')
  await project.put(`${DROPS}/week-02.csv`, week(2, 0.12, 2000))
  await until('the drop', async () => ((await project.api().drops(MODEL)).drops.some(({ key }) => key === 'week-02.csv') ? true : undefined))
  await project.put('line.json', line(0.119))
  await project.remove(HOLD)
  await project.ended(held)
  const checked = await project.ended(promotion.id)
  assert.deepEqual(checked.drops.map(({ key, state }) => `${key} ${state}`), ['week-02.csv ingested'])
  const followed = await project.ended(`${MODEL}-${promotion.number + 1}`)
  assert.deepEqual(followed.causes.map(({ trigger, detail }) => [trigger, detail]), [['arrival', 'week-02.csv']])
  assert.equal(followed.outcome, 'promoted', followed.explanation)
})

test('a version that the times have left behind is rejected, and serves only by force', async () => {
  const before = await champion()
  const { code, out } = await refit(['promote', MODEL, '1'], { folder: project.folder })
  assert.equal(code, 3, out)
  assert.equal(await champion(), before)
  await assert.rejects(project.api().requestPromotion(MODEL, before ?? 0), { code: 'champion-already' })
  const forced = await refit(['promote', MODEL, '1', '--force', '--reason', 'the old road is open again'], { folder: project.folder })
  assert.match(forced.out, /Version 1 is champion/)
  await served(0.08)
})
