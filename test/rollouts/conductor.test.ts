import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { answerInWords } from '../../src/api/explanation-words.js'
import { systemClock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import type { HintedLoop } from '../../src/hinted-loop.js'
import { startConductor } from '../../src/lifecycle/rollout/conductor.js'
import type { CheckAnswer } from '../../src/lifecycle/rollout/own-check.js'
import { approve } from '../../src/registry/approval.js'
import { getChampion, rollback } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion } from '../../src/registry/promotion.js'
import { retireModel } from '../../src/registry/retirement.js'
import { getRollout, latestRolloutOf, openRollout, type Rollout } from '../../src/registry/rollout.js'
import { endRollout, pauseRollout, resumeRollout, tellFigures } from '../../src/registry/rollout-steps.js'
import { getVersion } from '../../src/registry/version.js'
import type { StepFigures } from '../../src/rollouts/figures.js'
import { readEvents } from '../../src/runs/event.js'
import { addVersionOf, awaitingRun, promotedRun, startedRun } from '../api/seeded-runs.js'
import { until } from '../serving/endpoint.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { settableClock, type SettableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { figuresOf, twoSteps } from './arms.js'

let running: RunningDatabase
let database: Database
let clock: SettableClock
let conductor: HintedLoop | undefined
let model: string
let models = 0

before(async () => {
  running = await startDatabase({ connections: 10 })
  database = running.database
})
after(() => running.stop())

/** Each test has a model of its own with version 1 as champion and version 2 beside it, a clock that stands, and a conductor. */
beforeEach(async () => {
  models += 1
  model = `model-${models}`
  await registerModels(database, systemClock, projectOf(modelNamed(model, { deploy: twoSteps })), 'test')
  await promotedRun(database, model)
  await addVersionOf(database, await startedRun(database, model), 'passed')
  clock = settableClock('2026-03-02T08:00:00Z')
})
afterEach(async () => {
  await conductor?.stop()
  conductor = undefined
})

function conduct(ownCheck?: (rollout: Rollout) => CheckAnswer): void {
  const askOwnCheck = (rollout: Rollout): Promise<CheckAnswer> | undefined => (ownCheck === undefined ? undefined : Promise.resolve(ownCheck(rollout)))
  conductor = startConductor({ database, clock, askOwnCheck, log: { error: (message) => assert.fail(message) } })
}

const start = async (version = 2): Promise<void> => {
  const into = await forcePromotion(database, clock, { model, version, actor: 'cli:ada', reason: 'a try' })
  assert.ok('rollout' in into)
}
const champion = async (): Promise<number | undefined> => (await getChampion(database, model))?.version
const newest = (number = 1): Promise<Rollout> => getRollout(database, model, number)
const tell = (step: number, figures: StepFigures, replica = 'a'): Promise<void> => tellFigures(database, clock.now(), { rollout: `${model}-r1`, step, replica, figures })
const kinds = async (): Promise<readonly string[]> => (await readEvents(database, { model, limit: 1000 })).map(({ kind }) => kind).filter((kind) => kind.startsWith('rollout.') || kind === 'champion.moved')

/** Lets time pass until it holds. */
async function passing(what: string, holds: (rollout: Rollout) => boolean, step = 1000): Promise<Rollout> {
  let rollout = await newest()
  await until(what, async () => {
    clock.advance(step)
    rollout = await newest()
    return holds(rollout)
  })
  return rollout
}

test('a version that does no harm goes through its steps, and is champion at the end in one transaction', async () => {
  await start()
  conduct()
  assert.equal(await champion(), 1)
  await tell(0, figuresOf(60))
  await passing('the second step', ({ step }) => step === 1)
  assert.equal(await champion(), 1)
  // Two serving processes, neither of which has enough by itself.
  await tell(1, figuresOf(30), 'a')
  await tell(1, figuresOf(30), 'b')
  const { state, explanation } = await passing('the end', ({ endedAt }) => endedAt !== undefined)
  assert.equal(state, 'live')
  assert.match(explanation ?? '', /Version 2 is champion\. Nothing speaks against it after 60 requests/)
  assert.equal(await champion(), 2)
  assert.deepEqual(await kinds(), ['champion.moved', 'rollout.started', 'rollout.step', 'champion.moved', 'rollout.live'])
  const moved = (await readEvents(database, { model, kinds: ['champion.moved'], limit: 10 })).at(-1)
  assert.deepEqual([moved?.actor, moved?.data['cause'], moved?.data['rollout']], ['cli:ada', 'promote', `${model}-r1`])
})

test('a version that does harm is rolled back at once, with its figures, also while it is paused', async () => {
  await start()
  await pauseRollout(database, clock, { model, actor: 'cli:ada', reason: 'a look' })
  conduct()
  await tell(0, figuresOf(60, { errors: 60 }))
  const { state, explanation } = await passing('the rollback', ({ endedAt }) => endedAt !== undefined, 100)
  assert.equal(state, 'rolled-back')
  assert.match(explanation ?? '', /rolled back in step 1 of 2\. 100 % of its 60 requests fail/)
  assert.equal(await champion(), 1)
  const [event] = (await readEvents(database, { model, kinds: ['rollout.rolled-back'], limit: 10 })).map(({ data }) => data)
  assert.deepEqual(event?.['requests'], { champion: 60, challenger: 60 })
})

test('one that any serving process cannot load is rolled back without a request', async () => {
  await start()
  conduct()
  await tell(0, { ...figuresOf(0), failed: 'The model package is damaged' })
  assert.equal((await passing('the rollback', ({ endedAt }) => endedAt !== undefined, 100)).state, 'rolled-back')
})

test('a step with too little traffic says once that it waits', async () => {
  await start()
  conduct()
  await tell(0, figuresOf(20))
  await passing('waiting', ({ waits }) => waits)
  clock.advance(600_000)
  await tell(0, figuresOf(60))
  await passing('the second step', ({ step, waits }) => step === 1 && !waits)
  assert.deepEqual((await kinds()).filter((kind) => kind === 'rollout.waiting').length, 1)
})

test('in a pause the time of a step does not pass', async () => {
  await start()
  await tell(0, figuresOf(60))
  clock.advance(40_000)
  await pauseRollout(database, clock, { model, actor: 'cli:ada', reason: 'a look' })
  conduct()
  clock.advance(3_600_000)
  await assert.rejects(pauseRollout(database, clock, { model, actor: 'cli:ada', reason: 'again' }), { code: 'conflict' })
  const resumed = await resumeRollout(database, clock, { model, actor: 'cli:ada', reason: 'seen' })
  assert.deepEqual([resumed.state, resumed.step, resumed.stepMilliseconds], ['running', 0, 40_000])
  await passing('the second step', ({ step }) => step === 1)
  assert.deepEqual((await kinds()).slice(-4), ['rollout.started', 'rollout.paused', 'rollout.resumed', 'rollout.step'])
})

test('whoever aborts it gives a reason, and the champion stays', async () => {
  await start()
  await assert.rejects(endRollout(database, clock, { model, actor: 'cli:ada', reason: ' ' }), { code: 'reason-required' })
  const { state, explanation } = await endRollout(database, clock, { model, actor: 'cli:ada', reason: 'callers complain' })
  assert.deepEqual([state, explanation, await champion()], ['aborted', 'Aborted by cli:ada: callers complain.', 1])
  await assert.rejects(endRollout(database, clock, { model, actor: 'cli:ada', reason: 'again' }), { code: 'no-rollout' })
})

test('a rollback goes back from the version that is rolled out, and not from the champion', async () => {
  await start()
  assert.equal((await rollback(database, clock, { model, actor: 'cli:ada', reason: 'no' })).version, 1)
  assert.deepEqual([(await newest()).state, await champion()], ['aborted', 1])
  // Then there is nothing left to go back to.
  await assert.rejects(rollback(database, clock, { model, actor: 'cli:ada' }), { code: 'nothing-to-roll-back' })
})

for (const [what, happens] of [
  ['a newer version', async () => {
    const version = await addVersionOf(database, await startedRunAgain(), 'passed')
    await start(version)
  }],
  ['a promotion at once', async () => void (await forcePromotion(database, clock, { model, version: 1, actor: 'x', reason: 'known', atOnce: true }))],
  ['a retirement', async () => void (await retireModel(database, clock, { model, actor: 'x', reason: 'over' }))],
  ['being taken out of the project', () => registerModels(database, clock, projectOf(modelNamed('other')), 'test')],
] as const) {
  test(`${what} aborts the rollout that is on`, async () => {
    await start()
    await happens()
    const { state, endedAt } = await newest()
    assert.deepEqual([state, endedAt !== undefined, await champion()], ['aborted', true, 1])
  })
}

/** A further run; the one of version 2 has not ended, and is left as it is. */
async function startedRunAgain(): ReturnType<typeof startedRun> {
  await database.updateTable('runs').set({ state: 'ended' }).where('model', '=', model).execute()
  return startedRun(database, model)
}

test('a version that was rolled back says so where it is explained', async () => {
  await start()
  const explained = async (): Promise<string> => {
    const version = await getVersion(database, model, 2)
    return answerInWords({ version, serves: false, moves: [], answers: [], verdicts: [], rollout: await latestRolloutOf(database, model, 2) })
  }
  assert.equal(await explained(), `Version 2 has never served: it is being rolled out beside version 1 (${model}-r1).`)
  conduct()
  await tell(0, figuresOf(60, { errors: 60 }))
  await passing('the rollback', ({ endedAt }) => endedAt !== undefined, 100)
  assert.equal(await explained(), `Version 2 has never served: it did harm beside version 1 and was rolled back (${model}-r1).`)
})

test('an approval brings the version into service by a rollout', async () => {
  await database.updateTable('runs').set({ state: 'ended' }).where('model', '=', model).execute()
  const waiting = await awaitingRun(database, model)
  const into = await approve(database, clock, { run: waiting.run, actor: 'cli:ada', reason: 'looks right' })
  assert.ok('rollout' in into)
  assert.deepEqual([into.rollout.version, into.rollout.cause, into.rollout.champion], [waiting.version, 'approve', 1])
})

test('many who start one at the same time leave one that is on', async () => {
  await Promise.all(Array.from({ length: 6 }, () => start()))
  assert.equal((await openRollout(database, model))?.number, 6)
})

test("a check of one's own lets a step end, holds it up, or rolls the version back", async () => {
  await start()
  const answers: CheckAnswer[] = [
    { answer: 'inconclusive', explanation: 'nobody has said anything yet' },
    { answer: 'passed', explanation: 'nobody complains' },
    { answer: 'failed', explanation: 'everybody complains' },
  ]
  const asked: number[] = []
  conduct(({ step }) => {
    asked.push(step)
    return answers[asked.length - 1] ?? { answer: 'passed', explanation: '' }
  })
  await tell(0, figuresOf(60))
  await tell(1, figuresOf(60))
  const { state, explanation } = await passing('the end', ({ endedAt }) => endedAt !== undefined)
  assert.deepEqual([state, asked], ['rolled-back', [0, 0, 1]])
  assert.match(explanation ?? '', /everybody complains/)
  assert.deepEqual((await kinds()).slice(-3), ['rollout.waiting', 'rollout.step', 'rollout.rolled-back'])
})
