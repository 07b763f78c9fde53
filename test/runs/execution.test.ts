import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql } from 'kysely'
import type { Database, Transaction } from '../../src/database/schema.js'
import { RefitError } from '../../src/errors.js'
import { registerModels } from '../../src/registry/models.js'
import { readEvents } from '../../src/runs/event.js'
import { claimRun, commitStage, endRun, failAttempt, openAttempt, RunTakenOver, type RunClaim } from '../../src/runs/execution.js'
import { getRun, listRuns, stagesOf } from '../../src/runs/queries.js'
import { requestCancel, requestRun } from '../../src/runs/requests.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { settableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase({ connections: 20 })
  database = running.database
})
after(() => running.stop())

const clock = settableClock('2026-06-01T08:00:00Z')

/** Each test has a model of its own. */
let model: string
let models = 0
beforeEach(async () => {
  models += 1
  model = `model-${models}`
  await registerModels(database, clock, projectOf(modelNamed(model)), 'test')
})

const request = (detail: string): ReturnType<typeof requestRun> => requestRun(database, clock, { model, cause: { trigger: 'manual', actor: 'tester', detail } })

async function activeRun(): Promise<RunClaim> {
  const { run } = await request('a run to hold')
  return claimed(run.id)
}

async function claimed(run: string): Promise<RunClaim> {
  const claim = await claimRun(database, clock, run)
  assert.ok(claim)
  return claim
}

const end = (claim: RunClaim): Promise<void> => endRun(database, clock, claim, { outcome: 'unchanged', explanation: 'Nothing has changed.' })

/** Commits a stage that notes in the run which candidate it made. */
async function commit(claim: RunClaim, attempt: number, candidate: string, beforeReturn: () => Promise<void> = () => Promise.resolve()): Promise<unknown> {
  return commitStage(database, clock, claim, { name: 'train', position: 1, attempt, startedAt: clock.now() }, async (transaction: Transaction) => {
    await transaction.updateTable('runs').set({ candidate }).where('id', '=', claim.run.id).execute()
    await beforeReturn()
    return { candidate }
  })
}

const kindsOf = async (run: string): Promise<readonly string[]> => (await readEvents(database, { run, limit: 1000 })).map(({ kind }) => kind)

test('a stage is committed under the present generation, with its changes and its event', async () => {
  const claim = await activeRun()
  const attempt = await openAttempt(database, clock, claim, 'train')
  assert.deepEqual(await commit(claim, attempt, 'a'), { candidate: 'a' })
  assert.equal((await getRun(database, claim.run.id)).candidate, 'a')
  const { stages, attempts } = await stagesOf(database, claim.run.id)
  assert.deepEqual(stages.map(({ name, result }) => ({ name, result })), [{ name: 'train', result: { candidate: 'a' } }])
  assert.deepEqual(attempts.map(({ number, state }) => ({ number, state })), [{ number: 1, state: 'finished' }])
  assert.deepEqual(await kindsOf(claim.run.id), ['run.requested', 'run.started', 'stage.started', 'stage.finished'])
})

test('whoever held a run before is refused in everything, and leaves nothing', async () => {
  const old = await activeRun()
  const attempt = await openAttempt(database, clock, old, 'train')
  const present = await claimed(old.run.id)
  const before = { stages: await stagesOf(database, old.run.id), events: await kindsOf(old.run.id), run: await getRun(database, old.run.id) }
  await assert.rejects(commit(old, attempt, 'of the old owner'), RunTakenOver)
  await assert.rejects(openAttempt(database, clock, old, 'train'), RunTakenOver)
  await assert.rejects(end(old), RunTakenOver)
  await failAttempt(database, clock, old, 'train', attempt, { code: 'process-died', message: 'ended by the new owner' })
  assert.deepEqual({ stages: await stagesOf(database, old.run.id), events: await kindsOf(old.run.id), run: await getRun(database, old.run.id) }, before)
  assert.deepEqual(before.stages.attempts.map(({ state }) => state), ['interrupted'])
  assert.deepEqual(await commit(present, await openAttempt(database, clock, present, 'train'), 'b'), { candidate: 'b' })
})

test('a commit that has begun is finished before the run is taken over, and the new owner finds it', async () => {
  const old = await activeRun()
  const attempt = await openAttempt(database, clock, old, 'train')
  let takeOver: Promise<RunClaim> | undefined
  await commit(old, attempt, 'a', () => {
    takeOver = claimed(old.run.id)
    return Promise.resolve()
  })
  const present = await takeOver
  assert.ok(present !== undefined && present.generation > old.generation)
  assert.deepEqual((await stagesOf(database, old.run.id)).stages.map(({ result }) => result), [{ candidate: 'a' }])
})

test('a commit whose answer got lost gives the same result again and changes nothing', async () => {
  const claim = await activeRun()
  const attempt = await openAttempt(database, clock, claim, 'train')
  await commit(claim, attempt, 'a')
  assert.deepEqual(await commit(claim, attempt, 'another'), { candidate: 'a' })
  assert.equal((await getRun(database, claim.run.id)).candidate, 'a')
  assert.deepEqual((await kindsOf(claim.run.id)).filter((kind) => kind === 'stage.finished'), ['stage.finished'])
})

test('a commit that is still under way when it is asked for again happens once', async () => {
  const claim = await activeRun()
  const attempt = await openAttempt(database, clock, claim, 'train')
  let again: Promise<unknown> | undefined
  const first = commit(claim, attempt, 'a', async () => {
    again = commit(claim, attempt, 'another')
    await untilSomebodyWaits()
  })
  assert.deepEqual(await first, { candidate: 'a' })
  assert.deepEqual(await again, { candidate: 'a' })
  assert.equal((await getRun(database, claim.run.id)).candidate, 'a')
  assert.deepEqual((await kindsOf(claim.run.id)).filter((kind) => kind === 'stage.finished'), ['stage.finished'])
})

/** Comes back when a connection waits for a row that another one holds. */
async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'`.execute(database)
    if (rows.length > 0) return
  }
}

test('a commit that fails leaves no stage, no change and no event', async () => {
  const claim = await activeRun()
  const attempt = await openAttempt(database, clock, claim, 'train')
  await assert.rejects(commit(claim, attempt, 'half made', () => Promise.reject(new Error('the disk is full'))), /the disk is full/)
  assert.equal((await getRun(database, claim.run.id)).candidate, undefined)
  assert.deepEqual((await stagesOf(database, claim.run.id)).stages, [])
  assert.deepEqual(await kindsOf(claim.run.id), ['run.requested', 'run.started', 'stage.started'])
})

test('a failed attempt is told once, however often that is tried', async () => {
  const claim = await activeRun()
  const attempt = await openAttempt(database, clock, claim, 'train')
  for (let tries = 0; tries < 2; tries += 1) await failAttempt(database, clock, claim, 'train', attempt, { code: 'training-failed', message: 'exit code 1' })
  assert.deepEqual((await kindsOf(claim.run.id)).filter((kind) => kind === 'stage.failed'), ['stage.failed'])
  assert.equal(await openAttempt(database, clock, claim, 'train'), 2)
})

test('of a model one run is active and one waits, and requests that fall together keep their causes', async () => {
  const requested = await Promise.all(Array.from({ length: 12 }, (_, index) => request(`request ${index}`)))
  assert.equal(requested.filter(({ coalesced }) => !coalesced).length, 1)
  assert.deepEqual(new Set(requested.map(({ run }) => run.id)), new Set([`${model}-1`]))
  const details = (await getRun(database, `${model}-1`)).causes.map((cause) => cause.detail)
  assert.equal(details.length, 12)
  assert.deepEqual(new Set(details), new Set(Array.from({ length: 12 }, (_, index) => `request ${index}`)))
  const active = await claimed(`${model}-1`)
  await Promise.all(Array.from({ length: 5 }, (_, index) => request(`while active ${index}`)))
  assert.deepEqual((await listRuns(database, { model, limit: 10 })).map(({ id, state }) => `${id} ${state}`), [`${model}-2 waiting`, `${model}-1 active`])
  assert.equal(await claimRun(database, clock, `${model}-2`), undefined)
  await end(active)
  assert.equal((await claimed(`${model}-2`)).run.causes.length, 5)
})

test('a forced request forces the waiting run that it falls into', async () => {
  await request('not forced')
  await requestRun(database, clock, { model, force: true, cause: { trigger: 'manual', actor: 'tester' } })
  await request('not forced either')
  assert.equal((await getRun(database, `${model}-1`)).force, true)
})

test('a run starts with the definition as it is then, and keeps it', async () => {
  await request('before the change')
  await registerModels(database, clock, projectOf(modelNamed(model, { approval: 'always' })), 'test')
  const claim = await claimed(`${model}-1`)
  await registerModels(database, clock, projectOf(modelNamed(model, { approval: 'when-inconclusive' })), 'test')
  assert.equal(claim.run.definition?.approval, 'always')
  assert.equal((await claimed(`${model}-1`)).run.definition?.approval, 'always')
})

test('a waiting run is cancelled at once, an active one when its owner hears of it, an ended one not at all', async () => {
  const active = await activeRun()
  const { run: waiting } = await request('to be cancelled')
  const cancelled = await requestCancel(database, clock, waiting.id, 'cli:ada')
  assert.equal(cancelled.outcome, 'cancelled')
  assert.match(cancelled.explanation ?? '', /cli:ada/)
  assert.equal(await claimRun(database, clock, waiting.id), undefined)
  const asked = await requestCancel(database, clock, active.run.id, 'cli:ada')
  assert.deepEqual([asked.state, asked.cancelRequested], ['active', true])
  await endRun(database, clock, active, { outcome: 'cancelled', explanation: 'The run was cancelled.' })
  await assert.rejects(requestCancel(database, clock, active.run.id, 'cli:ada'), (error) => error instanceof RefitError && error.code === 'conflict')
  assert.deepEqual((await kindsOf(active.run.id)).slice(-2), ['run.cancel-requested', 'run.ended'])
  assert.equal((await request('after the cancelled one')).run.number, 3)
})

test('requests, starts, cancellations and ends of one model at the same time never lock each other out', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, async (_, worker) => {
      for (let turn = 0; turn < 8; turn += 1) {
        const { run } = await request(`${worker}:${turn}`)
        const [claim] = await Promise.all([claimRun(database, clock, run.id), request(`again ${worker}:${turn}`)])
        if (worker === 0 && turn % 5 === 0) await requestCancel(database, clock, run.id, 'tester').catch(refusals)
        if (claim === undefined) continue
        const attempt = await openAttempt(database, clock, claim, 'train').catch(takenOver)
        if (attempt !== undefined) await commit(claim, attempt, 'a').catch(takenOver)
        await end(claim).catch(takenOver)
      }
    }),
  )
  assert.deepEqual(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : [])), [])
  const runs = await listRuns(database, { model, limit: 1000 })
  assert.deepEqual(runs.map(({ number }) => number), runs.map((_, index) => runs.length - index))
})

function takenOver(error: unknown): undefined {
  if (!(error instanceof RunTakenOver)) throw error
}

function refusals(error: unknown): undefined {
  if (!(error instanceof RefitError)) throw error
}
