import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { Value } from 'typebox/value'
import { Lineage } from '../../src/registry/version.js'
import { refit } from '../cli/refit-process.js'
import { createProject, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

const check = '(m) => [m.mape.atMost(0.25), m.mae.notWorseThanChampion({ relative: 0.2 })]'

async function startedProject(t: TestContext, files: Readonly<Record<string, string>>): Promise<RunningProject> {
  const project = await createProject(files)
  t.after(() => project.close())
  await project.up()
  return project
}

async function said(project: RunningProject, ...words: readonly string[]): Promise<string> {
  const { code, out, error } = await refit(words, { folder: project.folder })
  assert.equal(code, 0, error)
  return out.replaceAll(/\s+/g, ' ')
}

async function standardEvents(project: RunningProject): Promise<readonly string[]> {
  const connection = await project.sql()
  try {
    const { rows } = await connection.query<{ kind: string }>("select kind from events where kind like 'model.%-standard' order by transaction, id")
    return rows.map(({ kind }) => kind)
  } finally {
    await connection.end()
  }
}

/** How many rows the trainer says it was given in a stage. */
async function rowsTrained(project: RunningProject, run: string, stage: string): Promise<number> {
  return Number(/trained on (\d+) rows/.exec(await said(project, 'logs', run, '--stage', stage))?.[1])
}

const champion = async (project: RunningProject): Promise<number | undefined> => (await project.api().model(MODEL)).champion?.version

test('what the check lets through is trained once more on every row but the holdout, and that version says everywhere that it was checked by proxy', async (t) => {
  const project = await startedProject(t, smallProject({ check, definition: "refitOnAll: true, holdout: '10%'," }))
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  assert.deepEqual(run.stages.map(({ name }) => name), ['ingest', 'split', 'train', 'check', 'refit', 'version', 'deploy'])
  assert.match(run.explanation ?? '', /^Version 1 is champion\. Passed\. .* Checked by proxy: what becomes the version is trained once more, on every row, and is not judged itself\.$/)
  assert.equal(run.verdict?.byProxy, true)

  const heldOut = run.verdict.holdout?.rows ?? 0
  assert.ok(heldOut > 10 && run.verdict.test.rows > 30)
  assert.equal(await rowsTrained(project, run.id, 'refit'), 300 - heldOut)
  assert.ok((await rowsTrained(project, run.id, 'train')) < 300 - heldOut - run.verdict.test.rows + 1)

  const version = await project.api().version(MODEL, 1)
  const lineage = Value.Parse(Lineage, version.lineage)
  assert.notEqual(version.digest, run.candidate)
  assert.deepEqual([lineage.formatVersion, lineage.refitted?.rows, lineage.refitted?.checked.digest], [3, 300 - heldOut, run.candidate])
  assert.equal(run.package?.object, lineage.package?.object)
  const label = { rows: 300 - heldOut, digest: run.candidate }
  const [listed] = (await project.api().versions(MODEL)).versions
  assert.deepEqual([version.checkedByProxy, version.verdict?.byProxy, listed?.checkedByProxy], [label, true, label])
  assert.deepEqual((await project.api().model(MODEL)).champion?.checkedByProxy, label)
  const archive = await fetch(new URL(`/api/v1/models/${MODEL}/versions/1/package`, project.api().url))
  assert.match(await archive.text(), /"trainedOn":\{"kind":"unknown"\}/, 'elsewhere nobody is to take its test rows for unseen, whatever files they lie in')
  const throughMlflow = await fetch(new URL(`/api/2.0/mlflow/model-versions/get?name=${MODEL}&version=1`, project.api().url))
  assert.ok((await throughMlflow.text()).includes(`{"key":"refit.checked-by-proxy","value":"${run.candidate}"}`))
  const explanation = await project.api().explanation(MODEL, 1)
  assert.deepEqual([explanation.checkedByProxy, explanation.digest], [label, version.digest])
  assert.match(explanation.answer, /passed the check by proxy without a champion to compare it with/)

  assert.match(await said(project, 'show', run.id), /Checked by proxy: what becomes the version is trained once more/)
  assert.match(await said(project, 'explain', `${MODEL}@1`), new RegExp(`checked by proxy: package ${run.candidate?.slice(0, 12)} was checked, and this one trained after it on all ${300 - heldOut} rows`))
  assert.match(await said(project, 'versions'), /\(checked by proxy\)/)
  assert.match(await said(project, 'status'), /version 1 MA?PE [\d.]+ % \(checked by proxy\)|version 1 MAE [\d.]+ \(checked by proxy\)/)
  assert.match(await said(project, 'show', run.id, '--json'), /"name": ?"refit"/)
  const page = await fetch(new URL(`/api/v1/runs/${run.id}/report`, project.api().url))
  assert.match(await page.text(), /Checked by proxy: the figures are those of the package that was checked/)
})

test('beside a champion that was trained on every row only rows that came after it count; too few of them are inconclusive', async (t) => {
  const files = smallProject({ check, definition: 'refitOnAll: true,' })
  const project = await startedProject(t, files)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', first.explanation)
  const firstRows = first.verdict?.test.rows ?? 0

  await project.put(`${DROPS}/week-02.csv`, deliveries(2, 60))
  const second = await project.ended(`${MODEL}-2`)
  assert.equal(second.outcome, 'inconclusive', second.explanation)
  assert.match(second.explanation ?? '', /^Inconclusive\. The test set has \d+ rows; at least 30 are needed to judge\. The champion stays\.$/)
  assert.deepEqual([second.verdict?.test.ineligibleRows, second.verdict?.byProxy], [firstRows, undefined])
  assert.ok(second.verdict?.warnings.includes('Version 1 was trained on every row that there was then (refitOnAll): only rows that came after it count.'))
  assert.deepEqual(second.stages.map(({ name }) => name), ['ingest', 'split', 'train', 'check'])

  await project.put(`${DROPS}/week-03.csv`, deliveries(3, 400))
  const third = await project.ended(`${MODEL}-3`)
  assert.equal(third.outcome, 'promoted', third.explanation)
  assert.equal(third.verdict?.test.ineligibleRows, firstRows)
  assert.equal(third.verdict?.test.freshRows, third.verdict?.test.rows)
  assert.equal(third.verdict?.test.reused, undefined)

  const again = await project.ended((await project.api().requestRun(MODEL, { force: false })).run.id)
  assert.equal(again.outcome, 'unchanged', again.explanation)
  // Neither of the two has left a row that it does not know.
  const promotion = await project.ended((await project.api().requestPromotion(MODEL, 1)).run.id)
  assert.deepEqual([promotion.outcome, promotion.verdict?.test.rows, await champion(project)], ['inconclusive', 0, 2], promotion.explanation)
  assert.ok(!promotion.stages.some(({ name }) => name === 'refit'))

  await project.put('refit.config.ts', (files['refit.config.ts'] ?? '').replace('refitOnAll: true,', ''))
  const diff = await said(project, 'diff', MODEL)
  assert.match(diff, /refitOnAll taken out \(was true\)/)
  assert.match(diff, /The champion was trained on every row that there was \(refitOnAll\), so it is compared only on rows of drops that come after its own/)
})

test('a poisoned drop is vetoed by the package that was checked for the champion, which itself knows all rows of before', async (t) => {
  const project = await startedProject(t, smallProject({ check: '(m) => [m.mae.notWorseThanChampion({ relative: 0.2 })]', definition: "refitOnAll: true, contract: { plausibility: 'off' }," }))
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await project.put(`${DROPS}/week-02.csv`, deliveries(2, 600).replaceAll(/,([\d.]+)$/gm, (_, hours: string) => `,${(10 * Number(hours)).toFixed(2)}`))
  const poisoned = await project.ended(`${MODEL}-2`)
  assert.equal(poisoned.outcome, 'rejected', poisoned.explanation)
  assert.equal(poisoned.verdict?.rules.find(({ rule }) => rule.kind === 'champion')?.vetoed, true)
  assert.match(poisoned.explanation ?? '', /Decided on the test rows that version 1 was selected on, beside the package that was checked for it\. On the rows that arrived after it was trained the candidate is [\d.]+ % better: so it looks when wrong data lies on both sides of the split\./)
  assert.equal(poisoned.verdict?.test.rows, poisoned.verdict?.test.freshRows)
})

test('nor does poison pass as the lesser evil, where champion and candidate both break a threshold', async (t) => {
  const project = await startedProject(t, smallProject({ check: '(m) => [m.mape.atMost(0.25)]', definition: "refitOnAll: true, replaceIfBetter: true, contract: { plausibility: 'off' }," }))
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await project.put(`${DROPS}/week-02.csv`, deliveries(2, 600).replaceAll(/,([\d.]+)$/gm, (_, hours: string) => `,${(10 * Number(hours)).toFixed(2)}`))
  const poisoned = await project.ended(`${MODEL}-2`)
  assert.equal(poisoned.outcome, 'rejected', poisoned.explanation)
  assert.match(poisoned.explanation ?? '', /falls short as well\..* so it is no lesser evil\./)
})

/** The line trainer, which spoils what it leaves by a second training in the way that stands in `second.txt`. */
function spoilable(): Readonly<Record<string, string>> {
  const files = smallProject({ check: "(m) => [m.mape.atMost(0.25), m.packageSize.atMost('1 MB')]", definition: "refitOnAll: true, delivery: replace(), contract: { plausibility: 'off' }," })
  const trainer = (files['trainer.ts'] ?? '')
    .replace('modelFolder, target }', 'modelFolder, target, checkedFolder }')
    .replace("  writeFileSync(join(modelFolder, 'line.json')", "  const spoil = checkedFolder === undefined ? '' : readFileSync('second.txt', 'utf8')\n  if (checkedFolder !== undefined && !existsSync(join(checkedFolder, 'line.json'))) throw new Error('the first model is not there')\n  if (spoil === 'throws') throw new Error('the second one is too much')\n  if (spoil === 'large') writeFileSync(join(modelFolder, 'large.txt'), 'x'.repeat(2_000_000))\n  writeFileSync(join(modelFolder, 'line.json')")
    .replace('JSON.stringify({ slope,', "JSON.stringify({ slope: spoil === 'nonsense' ? 'none' : slope,")
  return { ...files, 'trainer.ts': trainer, 'second.txt': '' }
}

test('a second training that fails, or gives what cannot serve, ends the run with the reason; the champion stays and the next run tries again', async (t) => {
  const project = await startedProject(t, spoilable())
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await project.put('second.txt', 'throws')
  // Deliveries take twice as long from now on: the champion falls short, as nobody else serves.
  await project.put(`${DROPS}/week-02.csv`, deliveries(2).replaceAll(/,([\d.]+)$/gm, (_, hours: string) => `,${(2 * Number(hours)).toFixed(2)}`))
  const reasons: readonly (readonly [spoil: string, reason: RegExp])[] = [
    ['throws', /failed: The trainer ended with exit code 1: .*the second one is too much$/],
    ['nonsense', /failed: what it gave cannot be served: The model gave no usable prediction: .*\.$/],
    ['large', /failed: The package has 2(\.\d+)? MB, .* too much; at most 1 MB is asked for\.$/],
  ]
  for (const [index, [spoil, reason]] of reasons.entries()) {
    await project.put('second.txt', spoil)
    const id = index === 0 ? `${MODEL}-2` : (await project.api().requestRun(MODEL, { force: false })).run.id
    const run = await project.ended(id)
    assert.deepEqual([run.outcome, run.error?.code, await champion(project)], ['failed', 'refit-failed', 1], run.explanation)
    assert.match(run.explanation ?? '', reason)
    assert.match(run.explanation ?? '', /^The candidate passed the check, but its second training, on every row, /)
    assert.deepEqual(run.attempts.filter(({ stage }) => stage === 'refit').map(({ state }) => state), ['failed'])
  }
  assert.equal((await project.api().versions(MODEL)).versions.length, 1)
  await project.put('second.txt', '')
  assert.deepEqual(await standardEvents(project), ['model.below-standard'], 'told once, while nothing else takes over')
  const mended = await project.ended((await project.api().requestRun(MODEL, { force: false })).run.id)
  assert.deepEqual([mended.outcome, await champion(project)], ['promoted', 2], mended.explanation)
  assert.deepEqual(await standardEvents(project), ['model.below-standard', 'model.meets-standard'])
})

/** Keys whose rows are all in the test set: the lower 64 bits of their digests decide, as the split reads them. */
function testedKeys(share: number, count: number): readonly string[] {
  const keys = Array.from({ length: 100 * count }, (_, number) => `rare-${number}`)
  return keys.filter((key) => Number(createHash('md5').update(key).digest().readBigUInt64LE(8)) / 2 ** 64 < share).slice(0, count)
}

test('a second training that finds a class which recorded clients do not know ends the run, though the candidate went on with them', async (t) => {
  const config = `
import { byGroup, column, defineModel, defineProject, folder, gradientBoostedTrees } from 'refit'

const model = defineModel({
  task: 'classification',
  columns: { id: column.key(), size: column.number(), kind: column.target() },
  source: folder('${DROPS}'),
  split: byGroup({ test: '25%' }),
  train: gradientBoostedTrees(),
  check: (m) => [m.accuracy.atLeast(0.5)],
  contract: { plausibility: 'off' },
  refitOnAll: true,
})

export default defineProject({ models: { '${MODEL}': model } })
`
  const rows = (week: number): readonly string[] => Array.from({ length: 300 }, (_, row) => `w${week}-${row},${row},${row < 150 ? 'a' : 'b'}`)
  const drop = (lines: readonly string[]): string => `id,size,kind\n${lines.join('\n')}\n`
  const project = await startedProject(t, { 'refit.config.ts': config })
  await project.put(`${DROPS}/week-01.csv`, drop(rows(1)))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await said(project, 'types', MODEL, '--output', 'client.ts')
  await project.put(`${DROPS}/week-02.csv`, drop([...rows(2), ...testedKeys(0.25, 12).map((key) => `${key},400,c`)]))
  const run = await project.ended(`${MODEL}-2`)
  assert.deepEqual([run.outcome, run.error?.code, await champion(project)], ['failed', 'refit-failed', 1], run.explanation)
  assert.match(run.explanation ?? '', /^The candidate passed the check, but its second training, on every row, failed: what it gave is another model than the one that was checked\. It breaks 1 of 1 recorded client: client 1, of version 1 \(it answers "c", which they do not know\)\./)
})

test('what waits for an approval is the version of the second training, and serves as it is; rows are prepared for both trainings', async (t) => {
  const files = smallProject({ check, definition: "refitOnAll: true, approval: 'always', prepare: './prepare.ts', prepared: { miles: column.number(), distance_km: column.ignored() }," })
  const inMiles = (path: string): string => (files[path] ?? '').replaceAll('distance_km', 'miles')
  const prepare = 'export default ({ distance_km }) => ({ miles: 0.6214 * distance_km })'
  const project = await startedProject(t, { ...files, 'prepare.ts': prepare, 'trainer.ts': inMiles('trainer.ts'), 'predictor.ts': inMiles('predictor.ts') })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'awaiting-approval', run.explanation)
  assert.match(run.explanation ?? '', /^Version 1 awaits approval\. .* Checked by proxy: /)
  const { digest, checkedByProxy } = await project.api().version(MODEL, 1)
  assert.deepEqual(checkedByProxy, { digest: run.candidate, rows: 300 })
  assert.equal(await rowsTrained(project, run.id, 'refit'), 300)
  await project.api().approve(run.id, { reason: 'looked at it' })
  assert.equal((await project.api().model(MODEL)).champion?.digest, digest)
})
