import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProject } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

test('columns that the project file does not name are inferred from the first drop, held to, and changed when someone accepts another form', async (t) => {
  const files = smallProject({ definition: "contract: { otherColumns: 'infer', plausibility: 'off' }," })
  const project = await createProject({ ...files, 'refit.config.ts': (files['refit.config.ts'] ?? '').replace('distance_km: column.number({ min: 0 }),', '') })
  t.after(() => project.close())
  await project.up()
  const api = project.api()
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', first.explanation)
  const inferred = await api.contract(MODEL)
  assert.deepEqual(
    inferred.columns.map(({ name, type, origin }) => `${name} ${type} ${origin}`),
    ['order_id text declared', 'hours number declared', 'distance_km number inferred'],
  )
  assert.equal(inferred.beside?.drop, `${MODEL}-d1`)
  assert.deepEqual((await api.version(MODEL, 1)).signature.inputs, [{ name: 'distance_km', type: 'number', optional: false }])

  await project.put(`${DROPS}/week-02.csv`, withGaps(deliveries(2)))
  assert.equal((await project.ended(`${MODEL}-2`)).outcome, 'unchanged')
  const refused = await api.drop(`${MODEL}-d2`)
  assert.deepEqual(refused.faults?.map(({ code, column }) => `${code} ${column ?? ''}`), ['unexpected-column note'])

  await assert.rejects(api.acceptContract(refused.id, { preview: false }), { code: 'reason-required' })
  const preview = await api.acceptContract(refused.id, { preview: true })
  assert.deepEqual([preview.number, preview.changes], [undefined, [{ column: 'note', words: 'is ignored' }]])
  const accepted = await api.acceptContract(refused.id, { reason: 'the carrier adds remarks now', preview: false })
  assert.equal(accepted.number, 2)
  assert.deepEqual(accepted.remaining.map(({ code, column }) => `${code} ${column ?? ''}`), ['missing-value distance_km'])
  assert.equal((await api.drop(refused.id)).state, 'quarantined', 'its gaps were told to nobody before')
  assert.deepEqual((await api.acceptContract(refused.id, { reason: 'they may be missing', preview: false })).changes, [{ column: 'distance_km', words: 'becomes optional' }])
  await project.ended(`${MODEL}-3`)
  assert.equal((await api.drop(refused.id)).state, 'ingested')
  assert.deepEqual((await api.contract(MODEL)).columns.find(({ name }) => name === 'distance_km'), { name: 'distance_km', type: 'number', role: 'feature', optional: true, origin: 'accepted' })
  await assert.rejects(api.acceptContract(refused.id, { reason: 'again', preview: false }), { code: 'conflict' })

  await project.put(`${DROPS}/week-03.csv`, deliveries(3).replace('order_id,distance_km,hours', 'order_id,distance_km,price'))
  await project.ended(`${MODEL}-4`)
  await assert.rejects(api.acceptContract(`${MODEL}-d3`, { reason: 'why not', preview: false }), { code: 'contract-unacceptable' })
})

test('columns beside those of the project file are left out where it says so', async (t) => {
  const project = await createProject(smallProject({ definition: "contract: { otherColumns: 'ignore' }," }))
  t.after(() => project.close())
  await project.up()
  await project.put(`${DROPS}/week-01.csv`, withGaps(deliveries(1)).replaceAll(/,,/g, ',1,'))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  assert.deepEqual((await project.api().version(MODEL, 1)).signature.inputs.map(({ name }) => name), ['distance_km'])
})

/** Every tenth distance missing, and a remark on each order. */
function withGaps(csv: string): string {
  const [header = '', ...lines] = csv.trim().split('\n')
  return [`${header},note`, ...lines.map((line, row) => `${row % 10 === 0 ? line.replace(/,[^,]*,/, ',,') : line},a remark of order ${row} in several words`)].join('\n')
}
