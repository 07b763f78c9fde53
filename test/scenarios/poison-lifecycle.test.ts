import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Value } from 'typebox/value'
import { Lineage } from '../../src/registry/version.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { poisons } from './poisoned-weeks.js'
import { noSharedData, weeklyFiles, type WeeklyFile } from './shared-data.js'

const MODEL = 'house-price'
const options = noSharedData === undefined ? {} : { skip: noSharedData }

function projectFile(plausibility: 'standard' | 'off'): string {
  return `
import { byGroup, column, defineModel, defineProject, folder, gradientBoostedTrees } from 'refit'

const number = () => column.number()
const model = defineModel({
  task: 'regression',
  columns: {
    id: column.group(),
    date: column.time(),
    price: column.target({ min: 1 }),
    bedrooms: column.number({ optional: true }),
    bathrooms: column.number({ optional: true }),
    sqft_living: number(), sqft_lot: number(), floors: number(), waterfront: number(), view: number(), condition: number(), grade: number(),
    sqft_above: number(), sqft_basement: number(), yr_built: number(), yr_renovated: number(),
    zipcode: column.category(),
    lat: number(), long: number(), sqft_living15: number(), sqft_lot15: number(),
  },
  contract: { plausibility: '${plausibility}' },
  source: folder('drops'),
  split: byGroup({ test: '30%' }),
  train: gradientBoostedTrees(),
})
export default defineProject({ models: { '${MODEL}': model } })
`
}

/** A project with a champion of six weeks, which arrived together; and the weeks that come next. */
async function projectWithChampion(t: TestContext, plausibility: 'standard' | 'off'): Promise<{ readonly project: RunningProject; readonly next: readonly WeeklyFile[] }> {
  const weeks = weeklyFiles('king-county-house-sales.csv', 'date')
  const project = await createProject({ 'refit.config.ts': projectFile(plausibility) })
  t.after(() => project.close())
  for (const week of weeks.slice(0, 6)) await project.put(`drops/${week.name}`, week.content)
  await project.up()
  await until('a champion of all six weeks', async () => ((await dropsOf(project, 'ingested')).length === 6 && (await championOf(project)) !== undefined ? true : undefined), 200)
  return { project, next: weeks.slice(6) }
}

async function dropsOf(project: RunningProject, state: string): Promise<readonly string[]> {
  return (await project.api().drops(MODEL, { state, limit: 100 })).drops.map(({ key }) => key)
}

async function championOf(project: RunningProject): Promise<number | undefined> {
  return (await project.api().model(MODEL)).champion?.version
}

/** Delivers a file and waits for its run to end; returns the run and the drop. */
async function deliver(project: RunningProject, name: string, content: string): Promise<{ readonly outcome: string | undefined; readonly id: string; readonly state: string }> {
  await project.put(`drops/${name}`, content)
  const drop = await until(`${name} to be read`, async () => (await project.api().drops(MODEL, { limit: 5 })).drops.find(({ key, state }) => key === name && state !== 'recorded'), 200)
  const { outcome } = await project.ended(drop.run ?? '')
  return { outcome, id: drop.id, state: drop.state }
}

function timesTen({ name, rows, content }: WeeklyFile): string {
  const poison = poisons.find((each) => each.name === 'prices times 10')
  return poison?.spoil({ name, rows, content }) ?? ''
}

test('a poisoned week is left out without anybody doing anything, and the next one trains', options, async (t) => {
  const { project, next } = await projectWithChampion(t, 'standard')
  const [first, second] = next
  assert.ok(first !== undefined && second !== undefined)
  const poisoned = await deliver(project, `poisoned-${first.name}`, timesTen(first))
  assert.deepEqual([poisoned.state, poisoned.outcome], ['quarantined', 'unchanged'])
  const { faults } = await project.api().drop(poisoned.id)
  assert.deepEqual(faults?.map(({ code, column }) => [code, column]), [['implausible-values', 'price']])
  const clean = await deliver(project, second.name, second.content)
  assert.equal(clean.state, 'ingested')
  assert.ok(['promoted', 'rejected', 'inconclusive'].includes(clean.outcome ?? ''), clean.outcome)
  assert.deepEqual(await dropsOf(project, 'quarantined'), [`poisoned-${first.name}`])
})

test('with plausibility off, one withdrawal repairs what a poisoned week has done', options, async (t) => {
  const { project, next } = await projectWithChampion(t, 'off')
  const [first, second, third] = next
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const poisoned = await deliver(project, `poisoned-${first.name}`, timesTen(first))
  assert.equal(poisoned.state, 'ingested')
  await deliver(project, second.name, second.content)

  const { withdrawal } = await project.api().decideDrops({ kind: 'withdraw', drops: [poisoned.id], reason: 'prices times ten', repair: true })
  assert.ok(withdrawal?.repair.run !== undefined)
  const repaired = await project.ended(withdrawal.repair.run)
  assert.ok(['promoted', 'rejected', 'inconclusive', 'unchanged'].includes(repaired.outcome ?? ''), repaired.explanation)

  const later = await deliver(project, third.name, third.content)
  assert.equal(later.state, 'ingested')
  assert.ok(['promoted', 'rejected', 'inconclusive'].includes(later.outcome ?? ''), later.outcome)
  const champion = await championOf(project)
  const { drops } = Value.Parse(Lineage, (await project.api().version(MODEL, champion ?? 0)).lineage)
  assert.ok(!drops.some(({ key }) => key.startsWith('poisoned-')), `version ${champion} saw ${drops.map(({ key }) => key).join(', ')}`)
  assert.deepEqual(await dropsOf(project, 'withdrawn'), [`poisoned-${first.name}`])
})
