import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RolloutDetail } from '../../src/api/wire/rollout.js'
import type { RunDetail } from '../../src/api/wire/run.js'
import { readProcessNote } from '../../src/roles/state.js'
import { refit } from '../cli/refit-process.js'
import { startTraffic, wentBack, type Traffic } from '../rollouts/traffic.js'
import { predict } from '../serving/endpoint.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL } from '../support/small-project.js'
import { line, toldProject, week } from './offered-models.js'

const short = "deploy: canary({ steps: ['20%', '60%'], for: '1 second', shadow: '1 second', minimumRequests: 40, latency: 20 }),"
const endless = "deploy: canary({ steps: ['30%'], for: '1 day' }),"

let project: RunningProject
let config: string
before(async () => {
  const files = toldProject(`triggers: [], ${short}`)
  config = files['refit.config.ts'] ?? ''
  project = await createProject({ ...files, [`${DROPS}/week-01.csv`]: week(1, 0.08) })
  await project.up()
  await until('the drop', async () => ((await project.api().drops(MODEL)).drops.length === 1 ? true : undefined))
  const first = await trained(0.08)
  assert.equal(first.outcome, 'promoted')
  assert.match(first.explanation ?? '', /Version 1 is champion/)
})
after(() => project.close())

/** A run that trains that line. */
async function trained(slope: number): Promise<RunDetail> {
  await project.put('line.json', line(slope))
  return project.ended((await project.api().requestRun(MODEL, { force: true })).run.id)
}

const champion = async (): Promise<number | undefined> => (await project.api().model(MODEL)).champion?.version
const kinds = async (): Promise<readonly string[]> => (await project.api().events({ model: MODEL })).events.map(({ kind }) => kind).filter((kind) => kind.startsWith('rollout.') && kind !== 'rollout.waiting')

/** Callers of the endpoint, once it answers: serving follows the champion by itself, a moment after the run has ended. */
async function traffic(): Promise<Traffic> {
  const note = await readProcessNote(project.stateFolder, 'serving')
  assert.ok(note !== undefined)
  const row = (number: number): object => ({ distance_km: 10 + (number * 37) % 500 })
  await until('the endpoint answers', async () => ((await predict(note.url, MODEL, [row(1)])).status === 200 ? true : undefined))
  return startTraffic(note.url, MODEL, row)
}

/** The newest rollout, once it holds. */
function rollout(what: string, holds: (rollout: RolloutDetail) => boolean): Promise<RolloutDetail> {
  return until(what, async () => {
    const [newest] = (await project.api().rollouts(MODEL, { limit: 1 })).rollouts
    const found = newest === undefined ? undefined : await project.api().rollout(MODEL, newest.number)
    return found !== undefined && holds(found) ? found : undefined
  })
}

test('a good version goes through shadow and canary steps to live, without a failed request, and every caller keeps its side', async () => {
  const asking = await traffic()
  try {
    const run = await trained(0.0801)
    assert.equal(run.outcome, 'promoted')
    assert.match(run.explanation ?? '', /^Version 2 is rolled out beside version 1 \(delivery-time-r1\): mirrored for 1 second, 20 % for 1 second, 60 % for 1 second\./)
    const { state, figures, explanation } = await rollout('the end', ({ endedAt }) => endedAt !== undefined)
    assert.equal(state, 'live', explanation)
    assert.deepEqual(figures.map(({ requests }) => requests.champion >= 40 && requests.challenger >= 40), [true, true, true])
    await until('version 2 answers', async () => (asking.answers.slice(-20).every(({ version }) => version === 2) ? true : undefined))
  } finally {
    await asking.stop()
  }
  assert.deepEqual([...new Set(asking.answers.map(({ status }) => status))], [200])
  assert.deepEqual(wentBack(asking.answers, 2), [])
  assert.equal(await champion(), 2)
  assert.deepEqual(await kinds(), ['rollout.started', 'rollout.step', 'rollout.step', 'rollout.live'])
  const shown = await refit(['rollout', MODEL], { folder: project.folder })
  assert.match(shown.out, /✓ live {2}delivery-time-r1 {2}version 2 beside version 1/)
  assert.match(shown.out, /3\. 60 % for 1 second\n {7}[\d,]+ requests, the champion [\d,]+\n {7}✓ 0 % of its [\d,]+ requests fail/)
})

test('what was forced past the check is rolled back, and never becomes champion', async () => {
  // A version that answers four times as much would not pass the check that there was.
  await project.put('refit.config.ts', config.replace('m.mape.notWorseThanChampion({ relative: 0.03 })', 'm.mape.atMost(100)').replace('m.mape.atMost(0.25)', 'm.mape.atMost(100)').replace('triggers: []', "triggers: [], approval: 'always'"))
  await project.down()
  await project.up()
  const bad = await trained(0.3)
  assert.equal(bad.outcome, 'awaiting-approval', bad.explanation)
  const asking = await traffic()
  try {
    const forced = await refit(['promote', MODEL, '3', '--force', '--reason', 'we are in a hurry'], { folder: project.folder })
    assert.match(forced.out, /Version 3 of delivery-time is rolled out beside version 2: mirrored for 1 second/)
    const { state, step, explanation } = await rollout('the rollback', ({ version, endedAt }) => version === 3 && endedAt !== undefined)
    assert.deepEqual([state, step], ['rolled-back', 1])
    assert.match(explanation ?? '', /Its predictions average .*standard deviations away where 0\.5 may be/)
  } finally {
    await asking.stop()
  }
  assert.deepEqual([...new Set(asking.answers.map(({ version }) => version))], [2])
  assert.equal(await champion(), 2)
  assert.match((await refit(['status'], { folder: project.folder })).out, /serves {3}version 2/)
})

test('a rollout is paused, resumed and aborted by hand, and keeps its split while control and database are down', async () => {
  await project.put('refit.config.ts', config.replace(short, endless))
  await project.down()
  await project.up()
  const asking = await traffic()
  try {
    const into = await project.api().forcePromotion(MODEL, 1, 'to see')
    assert.ok('rollout' in into)
    await until('version 1 answers some', async () => (asking.answers.slice(-40).some(({ version }) => version === 1) ? true : undefined))
    const paused = await refit(['rollout', 'pause', MODEL, '--reason', 'a look'], { folder: project.folder })
    assert.match(paused.out, /is paused\.\n {2}‖ paused version 1 {2}step 1 of 1: 30 % for 1 day/)
    const resumed = await refit(['rollout', 'resume', MODEL, '--reason', 'seen'], { folder: project.folder })
    assert.match(resumed.out, /goes on\.\n {2}● running version 1/)
    assert.match((await refit(['status'], { folder: project.folder })).out, /rollout {2}● running version 1 {2}step 1 of 1: 30 % for 1 day/)
    await project.kill('control', 'postgres')
    const from = asking.answers.length
    await until('many answers', async () => (asking.answers.length > from + 600 ? true : undefined))
    const alone = asking.answers.slice(from)
    assert.ok(alone.every(({ status }) => status === 200))
    const sides = new Map<string, Set<number | undefined>>()
    for (const { key, version } of alone) sides.set(key, (sides.get(key) ?? new Set()).add(version))
    assert.deepEqual([...sides].filter(([, versions]) => versions.size > 1), [])
    assert.deepEqual(new Set([...sides.values()].flatMap((versions) => [...versions])), new Set([1, 2]))
    await project.up()
    const aborted = await refit(['rollout', 'abort', MODEL, '--reason', 'seen enough'], { folder: project.folder })
    assert.match(aborted.out, /is aborted, and the champion has all traffic again/)
    await until('version 2 answers all', async () => (asking.answers.slice(-60).every(({ version }) => version === 2) ? true : undefined))
  } finally {
    await asking.stop()
  }
  assert.deepEqual((await kinds()).slice(-4), ['rollout.started', 'rollout.paused', 'rollout.resumed', 'rollout.aborted'])
})
