import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

test('the largest number there is stands in a drop, and neither it nor the next drop fails a run', async (t) => {
  const project = await createProject(smallProject({ definition: 'triggers: [onArrival()],' }))
  t.after(() => project.close())
  await project.up()
  const [head = '', ...lines] = deliveries(1).trim().split('\n')
  await project.put(`${DROPS}/good.csv`, `${[head, ...lines].join('\n')}\n`)
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  for (const [index, number] of ['1.7976931348623157e308', '12.5'].entries()) {
    await project.put(`${DROPS}/then-${index}.csv`, [head, `o${index},${number},30`, ...deliveries(2 + index).trim().split('\n').slice(1), ''].join('\n'))
    const run = await project.ended(`${MODEL}-${2 + index}`)
    assert.notEqual(run.outcome, 'failed', run.explanation)
    assert.deepEqual(run.drops.map(({ key, state }) => [key, state]), [[`then-${index}.csv`, 'ingested']])
  }
})
