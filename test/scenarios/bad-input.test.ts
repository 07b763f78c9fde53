import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** Leaves a model of the kind that a file of the project names. */
const moodyTrainer = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
const mood = existsSync('mood') ? readFileSync('mood', 'utf8').trim() : 'good'
const leave = (predict) => writeFileSync(process.env.REFIT_MODEL_DIR + '/predictor.mjs', 'export const load = () => ({ predict: ' + predict + ' })')
if (mood === 'good') leave('(rows) => rows.map(({ distance_km }) => 12 + 0.08 * distance_km)')
if (mood === 'throwing') leave('() => { throw new Error("never learnt it") }')
if (mood === 'silly') leave('(rows) => rows.map(() => NaN)')
if (mood === 'failing') { console.error('no such column: distance'); process.exit(3) }
if (mood === 'hanging') setInterval(() => {}, 1000)
`

const good = deliveries(2)
const [head = '', ...lines] = good.trim().split('\n')
const file = (...rows: readonly string[]): string => `${[head, ...rows].join('\n')}\n`

/** Bad drops by name, with the words that tell what is wrong with them. */
const badDrops: Readonly<Record<string, { readonly content: string | Buffer; readonly says: RegExp }>> = {
  'empty.csv': { content: '', says: /empty \(0 bytes\)/ },
  'header-only.csv': { content: file(), says: /header but no rows/ },
  'cut-off.csv.gz': { content: gzipSync(good).subarray(0, 1000), says: /gzip file is cut off or damaged/ },
  'ragged.csv': { content: file(lines[0] ?? '', 'o9,12', lines[1] ?? ''), says: /Row 2 has 2 values, the header has 3/ },
  'words.csv': { content: file('o9,far,12.5'), says: /distance_km: 1 row with something that is no number/ },
  'no-target.csv': { content: good.replaceAll(/,[^,\n]*$/gm, ''), says: /hours, the target, is missing/ },
}

let project: RunningProject
let champion: string
let runs = 1
before(async () => {
  project = await createProject({ ...smallProject({ train: "command(['node', 'moody-trainer.mjs'])", definition: "limits: { trainTime: '3 seconds' }, triggers: [onArrival()]," }), 'moody-trainer.mjs': moodyTrainer })
  await project.up()
  await project.put(`${DROPS}/good.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  champion = await digestServed()
})
after(() => project.close())

/** The digest that serving answers with; asks for a prediction too. */
async function digestServed(): Promise<string> {
  const live = await until('a version to serve', async () => {
    const answer = await project.serving(`/models/${MODEL}`)
    return answer?.status === 200 ? answer.body : undefined
  })
  const answer = await project.predict(MODEL, [{ distance_km: 100 }])
  assert.equal(answer?.status, 200)
  return typeof live === 'object' && live !== null && 'digest' in live ? String(live.digest) : ''
}

/** The next run, when it has ended; the champion has served on. */
async function nextRun(): Promise<RunDetail> {
  runs += 1
  const run = await project.ended(`${MODEL}-${runs}`)
  assert.equal(await digestServed(), champion)
  return run
}

for (const [name, { content, says }] of Object.entries(badDrops)) {
  test(`${name} is quarantined with its reason, and the champion serves on`, async () => {
    await project.put(`${DROPS}/${name}`, content)
    const run = await nextRun()
    assert.equal(run.outcome, 'unchanged', run.explanation)
    const drop = (await project.api().drops(MODEL, { limit: 100 })).drops.find(({ key }) => key === name)
    assert.equal(drop?.state, 'quarantined')
    assert.match(drop.reason ?? '', says)
  })
}

test('the same drop twice is kept once: its rows do not double', async () => {
  const rows = (await project.ended(`${MODEL}-1`)).drops.map(({ rows: count }) => count)
  await project.put(`${DROPS}/good-again.csv`, deliveries(1))
  const run = await nextRun()
  assert.equal(run.outcome, 'unchanged', run.explanation)
  const drop = (await project.api().drops(MODEL, { limit: 100 })).drops.find(({ key }) => key === 'good-again.csv')
  assert.deepEqual([rows, drop?.state], [[300], 'discarded'])
})

test('a file that is still being written is taken when it is whole', async () => {
  const writing = await open(join(project.folder, DROPS, 'slow.csv'), 'w')
  try {
    // Longer than a file has to look the same before it is taken.
    for (const part of [head, ...lines.slice(0, 8)]) {
      await writing.write(`${part}\n`)
      await new Promise((resolve) => {
        setTimeout(resolve, 300)
      })
    }
    await writing.write(`${lines.slice(8).join('\n')}\n`)
  } finally {
    await writing.close()
  }
  runs += 1
  const run = await project.ended(`${MODEL}-${runs}`)
  assert.deepEqual(
    run.drops.map(({ key, state, rows }) => ({ key, state, rows })),
    [{ key: 'slow.csv', state: 'ingested', rows: lines.length }],
  )
  champion = await digestServed()
})

/** What becomes of the run of each bad trainer. */
const badTrainers = [
  { mood: 'nothing', outcome: 'failed', says: /The trainer left no model that is recognised; it left nothing/ },
  { mood: 'failing', outcome: 'failed', says: /exit code 3: no such column: distance/ },
  { mood: 'hanging', outcome: 'failed', says: /took longer than 3 seconds and was ended/ },
  { mood: 'throwing', outcome: 'rejected', says: /never learnt it/ },
  { mood: 'silly', outcome: 'rejected', says: /no usable prediction/ },
] as const

for (const { mood, outcome, says } of badTrainers) {
  test(`a trainer in the mood "${mood}" ends the run ${outcome}, and the champion serves on`, async () => {
    await project.put('mood', mood)
    await project.api().requestRun(MODEL, { force: true })
    const run = await nextRun()
    assert.equal(run.outcome, outcome, run.explanation)
    assert.match(run.explanation ?? '', says)
    assert.deepEqual(await project.pids('children'), [])
  })
}
