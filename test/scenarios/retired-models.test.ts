import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { RefitError } from '../../src/errors.js'
import { readDesired } from '../../src/serving/desired-file.js'
import { refit } from '../cli/refit-process.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, HOLD, MODEL, deliveries, smallProject } from '../support/small-project.js'

const ROW = { distance_km: 100 }
const REASON = 'the shop has been sold'

test('a retired model starts nothing, takes nothing, says so at its endpoint whatever has died, and comes back', async (t) => {
  const project = await createProject(smallProject())
  t.after(() => project.close())
  await project.up()
  const run = (...words: readonly string[]): ReturnType<typeof refit> => refit(words, { folder: project.folder })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await answers(project, 200)

  // One run under way, one that waits.
  await project.put(HOLD, '')
  await project.api().requestRun(MODEL, { force: true })
  await until('the training', async () => ((await project.processesOf(`${MODEL}-2`, 'train')).length > 0 ? true : undefined))
  await project.api().requestRun(MODEL, { force: true })
  const retired = await run('retire', MODEL, '--reason', REASON)
  assert.equal(retired.code, 0, retired.error)
  assert.match(retired.out, /delivery-time-2 and delivery-time-3 are cancelled/)
  for (const id of [`${MODEL}-2`, `${MODEL}-3`]) assert.equal((await project.ended(id)).outcome, 'cancelled')
  await project.remove(HOLD)

  const body = await answers(project, 410)
  assert.equal(Reflect.get(Object(body), 'code'), 'model-retired')
  assert.match(String(Reflect.get(Object(body), 'message')), /was retired on \d{4}-\d\d-\d\d by cli:.*: the shop has been sold/)
  const isRefused = (error: unknown): boolean => error instanceof RefitError && error.code === 'model-retired' && error.message.includes(REASON)
  await assert.rejects(project.api().requestRun(MODEL, { force: true }), isRefused)
  await assert.rejects(project.api().upload(MODEL, 'more.csv', Readable.from(deliveries(3))), isRefused)
  await assert.rejects(project.api().rollback(MODEL, {}))
  await assert.rejects(project.api().retire(MODEL, 'again'), isRefused)
  assert.match((await run('status')).out, /retired {2}the shop has been sold/)
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))

  // Serving knows it from its own disk.
  await project.kill('control', 'postgres')
  await answers(project, 410)
  const kept = await readDesired(join(project.stateFolder, 'serving', 'live.json'))
  assert.deepEqual([kept?.models, kept?.retired.map(({ model, reason }) => [model, reason])], [[], [[MODEL, REASON]]])
  await project.up()
  await answers(project, 410)
  const { drops } = await project.api().drops(MODEL)
  assert.deepEqual(drops.map(({ key }) => key), ['week-01.csv'], 'what arrives is left where it is')
  assert.equal((await project.api().versions(MODEL)).versions.length, 1, 'versions stay')

  const back = await run('retire', MODEL, '--undo', '--reason', 'the sale fell through')
  assert.equal(back.code, 0, back.error)
  await answers(project, 200)
  const next = await project.ended(`${MODEL}-4`)
  assert.deepEqual(next.drops.map(({ key }) => key), ['week-02.csv'])
  const kinds = (await project.api().events({ model: MODEL })).events.map(({ kind }) => kind).filter((kind) => kind.includes('retired'))
  assert.deepEqual(kinds, ['model.retired', 'model.unretired'])
})

/** Waits until the endpoint answers with this status; gives the body. */
function answers(project: RunningProject, status: number): Promise<unknown> {
  return until(`status ${status} of the endpoint`, async () => {
    const answer = await project.predict(MODEL, [ROW])
    return answer?.status === status ? (answer.body ?? {}) : undefined
  })
}
