import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import { StoredModel } from '../../src/define/stored-definition.js'
import { createProject } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

test('signature and training files follow the columns of the definition, in its order, also when it changes', async (t) => {
  const files = smallProject()
  const trainer = (files['trainer.ts'] ?? '').replace('const names =', "writeFileSync('header.txt', head); const names =")
  const project = await createProject({ ...files, 'trainer.ts': trainer, 'refit.config.ts': withFeatures(files, 'weight_kg', 'distance_km', 'age', 'b') })
  t.after(() => project.close())
  await project.up()
  await project.put(`${DROPS}/week-01.csv`, withMoreColumns(deliveries(1)))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  assert.equal(await readFile(join(project.folder, 'header.txt'), 'utf8'), 'weight_kg,distance_km,age,b,hours')
  assert.deepEqual(namesOf((await project.api().version(MODEL, 1)).signature.inputs), ['weight_kg', 'distance_km', 'age', 'b'])
  assert.deepEqual(Object.keys(Value.Parse(StoredModel, (await project.api().model(MODEL)).definition).columns), ['order_id', 'weight_kg', 'distance_km', 'age', 'b', 'hours'])

  await project.down()
  await project.put('refit.config.ts', withFeatures(files, 'b', 'age', 'distance_km', 'weight_kg'))
  await project.up()
  await project.api().requestRun(MODEL, { force: true })
  assert.equal((await project.ended(`${MODEL}-2`)).verdict?.champion?.version, 1)
  assert.equal(await readFile(join(project.folder, 'header.txt'), 'utf8'), 'b,age,distance_km,weight_kg,hours')

  await project.down()
  await project.put('refit.config.ts', withFeatures(files, 'age: column.ignored()', 'b: column.ignored()', 'distance_km', 'floor: column.number({ optional: true })', 'weight_kg'))
  await project.up()
  await project.put(`${DROPS}/week-02.csv`, withMoreColumns(deliveries(2)).replace('weight_kg', 'weight_kg,floor').replaceAll(/,(\d)$/gm, ',$1,'))
  const changed = await project.ended(`${MODEL}-3`)
  assert.equal(changed.outcome, 'promoted', changed.explanation)
  assert.equal(await readFile(join(project.folder, 'header.txt'), 'utf8'), 'distance_km,floor,weight_kg,hours')
  assert.equal(changed.verdict?.champion, undefined, 'a champion is not judged without columns that it was trained on')
})

test('a column that becomes required is read from the raw bytes of former drops; where they lack it, the run says which', async (t) => {
  const files = smallProject()
  const define = (...features: readonly string[]): string => withFeatures(files, 'age: column.ignored()', 'b: column.ignored()', ...features)
  const project = await createProject({ ...files, 'refit.config.ts': define('distance_km', 'weight_kg: column.ignored()') })
  t.after(() => project.close())
  await project.up()
  await project.put(`${DROPS}/week-01.csv`, withMoreColumns(deliveries(1)))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')

  await project.down()
  await project.put('refit.config.ts', define('distance_km', 'weight_kg'))
  await project.up()
  await project.api().requestRun(MODEL, { force: true })
  const required = await project.ended(`${MODEL}-2`)
  assert.equal(required.outcome, 'promoted', required.explanation)
  assert.deepEqual(namesOf((await project.api().version(MODEL, 2)).signature.inputs), ['distance_km', 'weight_kg'])

  await project.down()
  await project.put('refit.config.ts', define('distance_km', 'weight_kg', 'floor'))
  await project.up()
  for (const run of [3, 4]) {
    await project.api().requestRun(MODEL, { force: true })
    const lacking = await project.ended(`${MODEL}-${run}`)
    assert.deepEqual([lacking.outcome, lacking.error?.code], ['failed', 'history-unfit'])
    assert.match(lacking.explanation ?? '', /column floor is required and is missing in 1 of 1 drops \(delivery-time-d1\)/)
  }
  const { history, state } = await project.api().drop(`${MODEL}-d1`)
  assert.deepEqual([state, history.map(({ kind, run }) => [kind, run])], ['ingested', [['drop.recorded', undefined], ['drop.ingested', `${MODEL}-1`], ['drop.ingested', `${MODEL}-2`]]])
})

function withFeatures(files: Readonly<Record<string, string>>, ...features: readonly string[]): string {
  return (files['refit.config.ts'] ?? '').replace('distance_km: column.number({ min: 0 }),', features.map((feature) => (feature.includes(':') ? `${feature},` : `${feature}: column.number(),`)).join(' '))
}

function withMoreColumns(csv: string): string {
  const [header = '', ...lines] = csv.trim().split('\n')
  return [`${header},b,age,weight_kg`, ...lines.map((line, index) => `${line},${index % 3},${index % 5},${index % 7}`)].join('\n')
}

function namesOf(inputs: readonly { readonly name: string }[]): readonly string[] {
  return inputs.map(({ name }) => name)
}
