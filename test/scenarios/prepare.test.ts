import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { season } from '../../examples/web-shop/season.js'
import { readFeatures, readTestSet } from '../../src/data/read-test-set.js'
import { openTestRows } from '../../src/data/test-rows.js'
import { StoredModel } from '../../src/define/stored-definition.js'
import { valueOf } from '../../src/evaluation/evaluator.js'
import { regressionEvaluator } from '../../src/evaluation/regression-metrics.js'
import { rowsWhere, unitsOf } from '../../src/evaluation/units.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { readManifest } from '../../src/packages/read.js'
import { fetchPackage } from '../../src/packages/store.js'
import { openPackage } from '../../src/predictors/open-package.js'
import { predictors } from '../../src/roles/adapters.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { noSharedData, weeklyFiles } from './shared-data.js'

const MODEL = 'house-price'

const project = {
  'refit.config.ts': `
import { defineProject } from 'refit'
import housePrice from './models/house-price.js'
export default defineProject({ models: { '${MODEL}': housePrice } })
`,
  'models/house-price.ts': `
import { byGroup, column, defineModel, folder, gradientBoostedTrees } from 'refit'

export const columns = {
  id: column.group(),
  date: column.time(),
  price: column.target({ min: 1 }),
  bedrooms: column.number({ optional: true }), bathrooms: column.number({ optional: true }),
  sqft_living: column.number(), sqft_lot: column.number(), floors: column.number(), waterfront: column.number(), view: column.number(),
  condition: column.number(), grade: column.number(), sqft_above: column.number(), sqft_basement: column.number(),
  yr_built: column.number(), yr_renovated: column.number(), zipcode: column.category(),
  lat: column.number(), long: column.number(), sqft_living15: column.number(), sqft_lot15: column.number(),
}

export const prepared = {
  sqft_living: column.number({ min: 0 }),
  yr_built: column.ignored(),
  age: column.number({ min: 0 }),
  share_of_lot: column.number({ optional: true, min: 0 }),
  has_basement: column.boolean(),
  district: column.category(),
}

export default defineModel({
  task: 'regression',
  columns,
  source: folder('drops'),
  split: byGroup({ test: '20%' }),
  prepare: './prepare.ts',
  prepared,
  train: gradientBoostedTrees(),
  check: (m) => [m.mape.atMost(0.4), m.mae.notWorseThanChampion({ relative: 0.2 })],
})
`,
  'prepare.ts': `
import type { Prepared, Row } from 'refit'
import type { columns, prepared } from './models/house-price.js'

export default function prepare(row: Row<typeof columns>): Prepared<typeof prepared> {
  return {
    sqft_living: Math.log(row.sqft_living),
    age: 2015 - Math.max(row.yr_built, row.yr_renovated),
    share_of_lot: row.sqft_lot > 0 ? row.sqft_living / row.floors / row.sqft_lot : null,
    has_basement: row.sqft_basement > 0,
    district: row.zipcode.slice(0, 4),
  }
}
`,
}

const inputs = ['bedrooms', 'bathrooms', 'sqft_living', 'sqft_lot', 'floors', 'waterfront', 'view', 'condition', 'grade', 'sqft_above', 'sqft_basement', 'yr_built', 'yr_renovated', 'zipcode', 'lat', 'long', 'sqft_living15', 'sqft_lot15']

type Row = Readonly<Record<string, number | string | boolean | null>>

const Answer = Type.Object({ version: Type.Integer(), predictions: Type.Array(Type.Number()) })

/** What a version answers when it is opened here, from the object store. */
async function answerHere(running: RunningProject, version: number, rows: readonly Row[]): Promise<readonly number[]> {
  const { digest } = await running.api().version(MODEL, version)
  const folder = join(running.folder, '.opened', digest)
  await fetchPackage(filesystemObjects(join(running.stateFolder, 'objects')), digest, folder)
  const manifest = await readManifest(folder)
  const predictor = await openPackage(predictors, folder, manifest)
  try {
    const predictions = await predictor.predict({ rows: rows.length, columns: Object.fromEntries(manifest.signature.inputs.map(({ name }) => [name, rows.map((row) => row[name] ?? null)])) })
    assert.ok(predictions.task === 'regression')
    return [...predictions.values]
  } finally {
    await predictor.close()
  }
}

async function answerOfServing(running: RunningProject, rows: readonly Row[]): Promise<{ version: number; predictions: readonly number[] }> {
  const answer = await running.predict(MODEL, rows)
  assert.equal(answer?.status, 200, JSON.stringify(answer?.body))
  return Value.Parse(Answer, answer.body)
}

test('King County, prepared: check, serving and a direct call prepare and answer alike, to the last bit', noSharedData === undefined ? {} : { skip: noSharedData }, async (t) => {
  const weeks = weeklyFiles('king-county-house-sales.csv', 'date')
  const running = await createProject(project)
  t.after(() => running.close())
  await running.up({ pauseAt: 'check:before' })
  await running.put('drops/first.csv', [weeks[0]?.content.trim() ?? '', ...weeks.slice(1, 12).map(({ content }) => content.slice(content.indexOf('\n') + 1).trim())].join('\n'))
  await running.paused()
  const { columns } = Value.Parse(StoredModel, (await running.api().model(MODEL)).definition)
  const source = await openTestRows(join(running.stateFolder, 'work', `${MODEL}-1`, 'sets'))
  const tests = await readTestSet(source, columns)
  const features = inputs.map((name) => ({ name, type: name === 'zipcode' ? ('category' as const) : ('number' as const) }))
  const rows: Row[] = []
  await readFeatures(source, features, async (values, count) => {
    for (let row = 0; row < count; row += 1) rows.push(Object.fromEntries(inputs.map((name, index) => [name, values[index]?.[row] ?? null])))
  })
  source.close()
  await running.kill()
  await running.up()
  const run = await running.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', `${run.explanation} ${JSON.stringify(run.error)}`)
  const version = await running.api().version(MODEL, 1)
  assert.deepEqual(version.signature.inputs.map(({ name, type }) => ({ name, type })), features, 'callers send what drops have')

  const here = await answerHere(running, 1, rows)
  await until('the endpoint', async () => ((await running.serving(`/models/${MODEL}`))?.status === 200 ? true : undefined))
  const served = (await answerOfServing(running, rows)).predictions
  assert.deepEqual(served, here)
  const units = unitsOf(rowsWhere(tests.rows, () => true), tests.units)
  for (const metric of ['mae', 'rmse', 'r2', 'medianAbsoluteError'] as const) {
    const ofServing = valueOf(regressionEvaluator(metric, { task: 'regression', targets: tests.targets, values: Float64Array.from(served) }, units), units)
    assert.equal(run.verdict?.candidate[metric]?.value, ofServing, `the check's ${metric} is that of the answers of serving`)
  }
  for (const row of [0, 7, 199]) assert.deepEqual((await answerOfServing(running, [rows[row] ?? {}])).predictions, [here[row]], 'alone as among others')
  assert.deepEqual((await answerOfServing(running, rows.toReversed())).predictions, here.toReversed())

  const wrong = await running.predict(MODEL, [{ ...rows[0], age: 3 }])
  assert.equal(wrong?.status, 400, 'what is prepared is no input')
})

test('the web shop sends orders as they are exported; its model knows of a weekday no more than its module makes of it', async (t) => {
  const example = fileURLToPath(new URL('../../../examples/web-shop/', import.meta.url))
  const files = ['refit.config.ts', 'models/delivery-time.ts', 'models/delivery-time.prepare.ts', 'models/return-risk.ts']
  const running = await createProject(Object.fromEntries(files.map((path) => [path, readFileSync(`${example}${path}`, 'utf8')])))
  t.after(() => running.close())
  await running.up()
  await running.put('drops/deliveries/week-01.csv', season('delivery-time', 1, 500, 7)[0]?.content ?? '')
  const run = await running.ended('delivery-time-1')
  assert.equal(run.outcome, 'promoted', `${run.explanation} ${JSON.stringify(run.error)}`)
  const order = { carrier: 'northpost', distance_km: 120, weight_kg: 2.5, express: false }
  await until('the endpoint', async () => ((await running.serving('/models/delivery-time'))?.status === 200 ? true : undefined))
  const answer = await running.predict('delivery-time', Array.from({ length: 7 }, (_, weekday) => ({ ...order, weekday })))
  assert.equal(answer?.status, 200, JSON.stringify(answer?.body))
  const { predictions } = Value.Parse(Answer, answer.body)
  assert.equal(new Set(predictions.slice(1, 6)).size, 1)
  assert.equal(predictions[0], predictions[6])
  assert.ok((predictions[0] ?? 0) > (predictions[1] ?? 0), 'an order of the weekend waits')
})
