import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Value } from 'typebox/value'
import type { RunDetail } from '../../src/api/wire/run.js'
import { Lineage } from '../../src/registry/version.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { houseColumns } from './house-columns.js'
import { exportedAgain, poisons } from './poisoned-weeks.js'
import { noSharedData, weeklyFiles, type WeeklyFile } from './shared-data.js'

const MODEL = 'house-price'
const options = noSharedData === undefined ? {} : { skip: noSharedData }

function projectFile(plausibility: 'standard' | 'off', train = 'gradientBoostedTrees()'): string {
  return `
import { byGroup, column, defineModel, defineProject, folder, gradientBoostedTrees, module } from 'refit'

const model = defineModel({
  task: 'regression',
  columns: ${houseColumns},
  contract: { plausibility: '${plausibility}' },
  source: folder('drops'),
  split: byGroup({ test: '30%' }),
  train: ${train},
})
export default defineProject({ models: { '${MODEL}': model } })
`
}

/** Cheap: price by a straight line through the size, for what is shown here is what reaches it. */
const lineTrainer = `
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export default async function train({ trainFolder, modelFolder, target }) {
  const [head, ...lines] = readFileSync(join(trainFolder, 'train.csv'), 'utf8').trim().split('\\n')
  const names = head.split(',')
  const pairs = lines.map((line) => line.split(',')).map((cells) => [Number(cells[names.indexOf('sqft_living')]), Number(cells[names.indexOf(target)])])
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))]
  const slope = mean(pairs.map((pair) => (pair[0] - x) * (pair[1] - y))) / mean(pairs.map((pair) => (pair[0] - x) ** 2))
  writeFileSync(join(modelFolder, 'line.json'), JSON.stringify({ slope, intercept: y - slope * x }))
}
`
const linePredictor = `
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function load(folder) {
  const { slope, intercept } = JSON.parse(readFileSync(join(folder, 'line.json'), 'utf8'))
  return { predict: (rows) => rows.map(({ sqft_living }) => intercept + slope * sqft_living) }
}
`

/** A project with a champion of six weeks, which arrived together; and the weeks that come next. */
async function projectWithChampion(t: TestContext): Promise<{ readonly project: RunningProject; readonly next: readonly WeeklyFile[] }> {
  const weeks = weeklyFiles('king-county-house-sales.csv', 'date')
  const project = await createProject({ 'refit.config.ts': projectFile('off') })
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

test('a season with every kind of poison, early, middle and late, goes through with nobody doing anything', options, async (t) => {
  const weeks = weeklyFiles('king-county-house-sales.csv', 'date')
  const project = await createProject({ 'refit.config.ts': projectFile('standard', "module('trainer.ts', { predictor: 'predictor.ts' })"), 'trainer.ts': lineTrainer, 'predictor.ts': linePredictor })
  t.after(() => project.close())
  await project.up()
  let delivered = 0
  for (const place of [9, 30, 50, weeks.length]) {
    const clean = weeks.slice(delivered, place)
    delivered = place
    const runs = await deliverAll(project, clean)
    assert.ok(runs.some(({ outcome }) => ['promoted', 'rejected', 'inconclusive'].includes(outcome ?? '')), JSON.stringify(runs.map(({ outcome, explanation }) => [outcome, explanation])))
    const [week, former] = [weeks[place], weeks[place - 3]]
    if (week === undefined || former === undefined) continue
    const spoilt = poisons.map(({ name, spoil }, index) => ({ name: `poison-${place}-${index}.csv`, rows: week.rows, content: spoil(week), poison: name }))
    const again = [{ ...former, name: `again-${place}.csv`, content: exportedAgain(former) }, { ...former, name: `copy-${place}.csv` }]
    for (const { outcome, explanation } of await deliverAll(project, [...spoilt, ...again])) assert.equal(outcome, 'unchanged', explanation)
  }
  const { drops } = await project.api().drops(MODEL, { limit: 200 })
  const byKey = new Map(drops.map((drop) => [drop.key, drop]))
  for (const place of [9, 30, 50]) {
    for (const [index, { name, code, column, says }] of poisons.entries()) {
      const drop = byKey.get(`poison-${place}-${index}.csv`)
      assert.equal(drop?.state, 'quarantined', name)
      const fault = (await project.api().drop(drop.id)).faults?.find((each) => each.code === code && each.column === column)
      assert.match(fault?.message ?? '', says, `${name} in week ${place}`)
    }
    assert.deepEqual([byKey.get(`again-${place}.csv`)?.state, byKey.get(`copy-${place}.csv`)?.state], ['quarantined', 'discarded'])
  }
  const refused = weeks.filter(({ name }) => byKey.get(name)?.state !== 'ingested')
  assert.deepEqual(refused.map(({ name }) => name), [])
  const champion = await championOf(project)
  const { drops: seen } = Value.Parse(Lineage, (await project.api().version(MODEL, champion ?? 0)).lineage)
  assert.ok(seen.length > 0 && seen.every(({ key }) => weeks.some(({ name }) => name === key)), JSON.stringify(seen))
})

/** Delivers files at once and waits until each is decided about; returns the runs that took them. */
async function deliverAll(project: RunningProject, files: readonly WeeklyFile[]): Promise<readonly RunDetail[]> {
  for (const { name, content } of files) await project.put(`drops/${name}`, content)
  const names = new Set(files.map(({ name }) => name))
  const taken = await until(`${files.length} files to be decided about`, async () => {
    const { drops } = await project.api().drops(MODEL, { limit: 200 })
    const those = drops.filter(({ key, state, run }) => names.has(key) && state !== 'recorded' && run !== undefined)
    return those.length === files.length ? those : undefined
  }, 200)
  const runs: RunDetail[] = []
  for (const id of new Set(taken.map(({ run }) => run ?? ''))) runs.push(await project.ended(id))
  return runs
}

test('with plausibility off, one withdrawal repairs what a poisoned week has done', options, async (t) => {
  const { project, next } = await projectWithChampion(t)
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
