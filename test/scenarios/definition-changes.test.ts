import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refit } from '../cli/refit-process.js'
import { createProject, until } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

test('an edited definition is told in words before and after it is registered, and starts a run where the model asks for that', async (t) => {
  const files = smallProject({ definition: 'triggers: [onArrival(), onDefinitionChange()],' })
  const config = files['refit.config.ts'] ?? ''
  const project = await createProject(files)
  t.after(() => project.close())
  await project.up()
  const run = (...words: readonly string[]): ReturnType<typeof refit> => refit(words, { folder: project.folder })
  assert.match((await run('diff')).out, /delivery-time {2}is as it runs/)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')

  const edited = config.replace("test: '25%'", "test: '30%'").replace('atMost(0.25)', 'atMost(0.2)')
  await project.put('refit.config.ts', edited)
  const before = await run('diff', MODEL)
  assert.equal(before.code, 0, before.error)
  assert.match(before.out, /differs from what runs/)
  assert.match(before.out, /split\.test 25 % → 30 %/)
  assert.match(before.out, /rule MAPE at most 25 % taken out/)
  assert.match(before.out, /rule MAPE at most 20 % added/)
  assert.match(before.out, /compared only on rows of drops that come after its own/)
  assert.match(before.out, /asks for a run/)
  assert.equal((await project.api().definitions(MODEL)).length, 1, 'looking changes nothing')

  await project.down()
  await project.up()
  const second = await project.ended(`${MODEL}-2`)
  assert.deepEqual(second.causes.map(({ trigger }) => trigger), ['definition'])
  assert.match(second.causes[0]?.detail ?? '', /split\.test 25 % → 30 %/)
  const [newest] = await project.api().definitions(MODEL)
  assert.deepEqual(newest?.changes.map(({ path }) => path), ['split.test', 'check', 'check'])
  assert.equal(newest?.comparable?.rows, 'later')
  assert.match((await run('diff')).out, /is as it runs[^]*last changed[^]*split\.test 25 % → 30 %/)

  // Limits make no other model: no run, and the difference is shown until the next one starts.
  await project.down()
  await project.put('refit.config.ts', edited.replace('triggers:', "limits: { trainTime: '2 hours' }, triggers:"))
  await project.up()
  assert.match((await run('status')).out, /changed {2}since delivery-time-2:[^]*limits\.trainTime 1 hour → 2 hours/)
  assert.deepEqual((await project.api().runs({ model: MODEL })).runs.map(({ id }) => id), [`${MODEL}-2`, `${MODEL}-1`])
  await project.api().requestRun(MODEL, { force: true })
  await project.ended(`${MODEL}-3`)
  assert.equal((await project.api().model(MODEL)).changed, undefined)
})

test('another schedule or limit gives the same candidate and verdict: by neither can anybody roll again', async (t) => {
  const files = smallProject({ definition: "triggers: [schedule(settings.cron)], limits: { trainTime: '1 hour' }," })
  // JSON is no source code: what it says is in the definition alone.
  const config = `import settings from './settings.json'\n${files['refit.config.ts'] ?? ''}`
  const project = await createProject({ ...files, 'refit.config.ts': config, 'settings.json': JSON.stringify({ cron: '0 6 * * 1' }), [`${DROPS}/week-01.csv`]: deliveries(1) })
  t.after(() => project.close())
  await project.up()
  await until('the drop', async () => ((await project.api().drops(MODEL)).drops.length > 0 ? true : undefined))
  const first = await project.ended((await project.api().requestRun(MODEL, { force: false })).run.id)
  assert.equal(first.outcome, 'promoted', first.explanation)

  await project.down()
  await project.put('settings.json', JSON.stringify({ cron: '0 7 * * 1' }))
  await project.up()
  const unchanged = await project.ended((await project.api().requestRun(MODEL, { force: false })).run.id)
  assert.equal(unchanged.outcome, 'unchanged', unchanged.explanation)

  await project.down()
  await project.put('refit.config.ts', config.replace('1 hour', '2 hours'))
  await project.up()
  const again = await project.ended((await project.api().requestRun(MODEL, { force: true })).run.id)
  assert.deepEqual([again.candidate, again.verdict?.seed, again.verdict?.candidate], [first.candidate, first.verdict?.seed, first.verdict?.candidate])
})
