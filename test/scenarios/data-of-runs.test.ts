import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refit } from '../cli/refit-process.js'
import { createProject } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

test('every run keeps what its data looked like and what moved; a holdout is scored by models that never saw it', async (t) => {
  const project = await createProject(smallProject({ definition: "holdout: '20%', contract: { plausibility: 'off' }," }))
  t.after(() => project.close())
  await project.up()
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', first.explanation)
  assert.deepEqual([first.data?.rows, first.data?.moved], [300, []])
  const held = first.verdict?.holdout
  assert.ok(held !== undefined && held.rows > 30 && held.rows < 90 && typeof held.candidate['mae'] === 'number' && held.champion === undefined, JSON.stringify(held))

  // Twice as many orders, and they go farther than all before.
  const farther = deliveries(2, 600).replaceAll(/^(o[\d-]+),([\d.]+),/gm, (_, order: string, distance: string) => `${order},${Number(distance) + 600},`)
  await project.put(`${DROPS}/week-02.csv`, farther)
  const second = await project.ended(`${MODEL}-2`)
  assert.deepEqual([second.verdict?.holdout?.champion?.version, typeof second.verdict?.holdout?.champion?.metrics['mae']], [1, 'number'])
  assert.equal(second.data?.rows, 900)
  assert.deepEqual(second.data.moved.map(({ column, moved }) => [column, moved]), [['distance_km', 'much']])

  const shown = await refit(['show', `${MODEL}-2`], { folder: project.folder })
  assert.match(shown.out, /Data +900 rows in the window\n +moved: distance_km: stability index \d+\.\d\d/)

  assert.match(shown.out.replaceAll(/\s+/g, ' '), /MAE is [\d.]+ on \d+ rows that are held out of every set, version 1 has [\d.]+; this decides nothing/)

  const api = project.api()
  const { snapshots } = await api.snapshots(MODEL)
  assert.deepEqual(snapshots.map(({ rows, drops }) => [rows, drops]), [[900, 2], [300, 1]])
  assert.deepEqual((await api.snapshots(MODEL, { limit: 1 })).before, snapshots[0]?.digest)
  assert.deepEqual((await api.snapshots(MODEL, { limit: 1, before: snapshots[0]?.digest })).snapshots, [snapshots[1]])
  const newest = await api.snapshot(MODEL, 'newest')
  assert.deepEqual([newest.digest, newest.profile?.drift?.since], [snapshots[0]?.digest, snapshots[1]?.digest])
  assert.deepEqual(newest.parts.map(({ key, rows }) => [key, rows]), [['week-01.csv', 300], ['week-02.csv', 600]])
  assert.equal((await api.snapshot(MODEL, first.snapshot?.slice(0, 12) ?? '')).digest, first.snapshot)

  const sample = await api.sample(MODEL, 'newest', 7)
  assert.equal(sample.rows.length, 7)
  assert.deepEqual(await api.sample(MODEL, 'newest', 7), sample)
  const lines = new Set([...deliveries(1).split('\n'), ...farther.split('\n')].map((line) => line.split(',').map((cell, index) => (index === 0 ? cell : Number(cell))).join()))
  for (const { drop, values } of sample.rows) {
    assert.ok(lines.has([values['order_id'], values['distance_km'], values['hours']].join()), JSON.stringify(values))
    assert.match(drop, new RegExp(`^${MODEL}-d\\d$`))
  }

  const data = await refit(['data', '--sample', '3'], { folder: project.folder })
  assert.equal(data.code, 0, data.error)
  assert.match(data.out, /900 rows of 2 drops; window: all of them\n {4}week-01\.csv delivery-time-d1, 300 rows\n/)
  assert.match(data.out, /distance_km +number +\d+(\.\d+)? \(\d+(\.\d+)? to \d+(\.\d+)?\), at most \d/)
  assert.match(data.out, /‼ distance_km: stability index/)
  assert.match(data.out, /order_id +distance_km +hours +drop\n( +o\d.*\n){3}$/)
  const former = await refit(['data', '--run', `${MODEL}-1`, '--json'], { folder: project.folder })
  assert.equal(Reflect.get(Object(JSON.parse(former.out)), 'digest'), first.snapshot)
  const unknown = await refit(['data', MODEL, '--snapshot', 'abcdef'], { folder: project.folder })
  assert.match(unknown.error, /There is no snapshot abcdef of model "delivery-time"/)
})
