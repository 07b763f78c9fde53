import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createProject, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

/** Rows of all sides together. */
function rowsOf(run: RunDetail): number {
  const summary = run.stages.find(({ name }) => name === 'split')?.summary ?? ''
  const [, ...figures] = /train ([\d,]+) · validation ([\d,]+) · test ([\d,]+) rows/.exec(summary) ?? assert.fail(summary)
  return figures.map((figure) => Number(figure.replaceAll(',', ''))).reduce((sum, rows) => sum + rows, 0)
}

async function delivered(project: RunningProject, name: string, content: string, run: number): Promise<RunDetail> {
  await project.put(`${DROPS}/${name}`, content)
  const ended = await project.ended(`${MODEL}-${run}`)
  assert.notEqual(ended.outcome, 'failed', ended.explanation)
  return ended
}

const states = async (project: RunningProject): Promise<readonly string[]> => (await project.api().drops(MODEL)).drops.map(({ key, state }) => `${key} ${state}`).toReversed()

test('with upsert a run trains on the newest row of each key, without those that were deleted', async (t) => {
  const project = await createProject(smallProject({ definition: "delivery: upsert({ deleted: 'gone' })," }))
  t.after(() => project.close())
  await project.up()
  const [head = '', ...lines] = deliveries(1).trim().split('\n')
  const csv = (rows: readonly string[]): string => `${head},gone\n${rows.join('\n')}\n`
  assert.equal(rowsOf(await delivered(project, 'all.csv', csv(lines.map((line) => `${line},`)), 1)), 300)

  const tombstones = lines.slice(0, 40).map((line) => `${line.split(',')[0] ?? ''},,,true`)
  const changes = lines.slice(40, 80).map((line) => `${line},false`)
  const more = deliveries(2, 25).trim().split('\n').slice(1).map((line) => `${line},0`)
  const second = await delivered(project, 'changes.csv', csv([...tombstones, ...changes, ...more]), 2)
  assert.equal(rowsOf(second), 300 - 40 + 25)
  assert.match(second.stages[0]?.summary ?? '', /^405 rows delivered;/)

  await project.api().decideDrops({ kind: 'withdraw', drops: [`${MODEL}-d2`], reason: 'deleted by mistake', repair: true })
  assert.equal(rowsOf(await project.ended(`${MODEL}-3`)), 300, 'what a withdrawn drop had deleted is there again')
})

test('with replace the newest accepted drop is the whole table, and the one before it when it is withdrawn', async (t) => {
  const project = await createProject(smallProject({ definition: 'delivery: replace(),' }))
  t.after(() => project.close())
  await project.up()
  assert.equal(rowsOf(await delivered(project, 'january.csv', deliveries(1), 1)), 300)
  assert.equal(rowsOf(await delivered(project, 'february.csv', deliveries(2, 350), 2)), 350)
  assert.equal((await delivered(project, 'march.csv', 'order_id,distance_km\no,1\n', 3)).outcome, 'unchanged')
  assert.deepEqual(await states(project), ['january.csv superseded', 'february.csv ingested', 'march.csv quarantined'])
  await project.api().decideDrops({ kind: 'withdraw', drops: [`${MODEL}-d2`], reason: 'a test of the supplier', repair: true })
  assert.equal(rowsOf(await project.ended(`${MODEL}-4`)), 300)
  assert.deepEqual(await states(project), ['january.csv ingested', 'february.csv withdrawn', 'march.csv quarantined'])
})
