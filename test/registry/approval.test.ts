import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import { RefitError } from '../../src/errors.js'
import { approve, decline, expireAwaiting, supersedeAwaiting } from '../../src/registry/approval.js'
import { getChampion } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion, requestPromotion } from '../../src/registry/promotion.js'
import { getVersion } from '../../src/registry/version.js'
import { readEvents } from '../../src/runs/event.js'
import { endRun } from '../../src/runs/execution.js'
import { getRun } from '../../src/runs/queries.js'
import { addVersionIn, awaitingRun, championIn, finishStage, promotedRun, startedRun } from '../api/seeded-runs.js'
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

/** Each test has a model of its own, with version 1 as champion and version 2 awaiting approval. */
let model: string
let waiting: { readonly run: string; readonly version: number }
let models = 0
beforeEach(async () => {
  models += 1
  model = `model-${models}`
  await registerModels(database, clock, projectOf(modelNamed(model)), 'test')
  await promotedRun(database, model)
  waiting = await awaitingRun(database, model)
})

const notAwaiting = (error: unknown): boolean => error instanceof RefitError && error.code === 'not-awaiting-approval'
const champion = async (): Promise<number | undefined> => (await getChampion(database, model))?.version
const stateOf = async (version: number): Promise<string> => (await getVersion(database, model, version)).state
const kinds = async (): Promise<readonly string[]> => (await readEvents(database, { run: waiting.run, limit: 1000 })).map(({ kind }) => kind)

/** A newer version, as the version stage of a run registers it. */
async function newerVersion(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<number> {
  const claim = await startedRun(database, model)
  return database.transaction().execute(async (transaction) => {
    await transaction.selectFrom('runs').select('id').where('id', '=', claim.run.id).forUpdate().execute()
    const number = await addVersionIn(transaction, claim, 'passed')
    await meanwhile()
    await supersedeAwaiting(transaction, clock.now(), model, number)
    return number
  })
}

test('approval makes the waiting version champion and ends its run promoted, with who and why', async () => {
  const moved = championIn(await approve(database, clock, { run: waiting.run, actor: 'cli:ada', reason: 'looks right' }))
  assert.deepEqual([moved.version, await champion(), await stateOf(waiting.version)], [waiting.version, waiting.version, 'approved'])
  const run = await getRun(database, waiting.run)
  assert.equal(run.outcome, 'promoted')
  assert.match(run.explanation ?? '', /approved by cli:ada: looks right/)
  assert.deepEqual((await kinds()).slice(-2), ['version.approved', 'champion.moved'])
})

test('an approved version may be checked for a promotion later, without force', async () => {
  await approve(database, clock, { run: waiting.run, actor: 'cli:ada' })
  await promotedRun(database, model)
  assert.equal((await requestPromotion(database, clock, { model, version: waiting.version, actor: 'cli:ada' })).offer?.kind, 'version')
})

test('a declined version leaves the champion and ends its run rejected', async () => {
  await decline(database, clock, { run: waiting.run, actor: 'cli:ada', reason: 'too early' })
  assert.deepEqual([await champion(), await stateOf(waiting.version)], [1, 'declined'])
  const run = await getRun(database, waiting.run)
  assert.equal(run.outcome, 'rejected')
  assert.match(run.explanation ?? '', /declined by cli:ada: too early/)
  await assert.rejects(requestPromotion(database, clock, { model, version: waiting.version, actor: 'cli:ada' }), (error) => error instanceof RefitError && error.code === 'promotion-refused')
})

test('an answer is given once: later ones, and those to runs that never asked, are refused', async () => {
  await approve(database, clock, { run: waiting.run, actor: 'cli:ada' })
  await assert.rejects(approve(database, clock, { run: waiting.run, actor: 'cli:bob' }), notAwaiting)
  await assert.rejects(decline(database, clock, { run: waiting.run, actor: 'cli:bob' }), notAwaiting)
  await assert.rejects(decline(database, clock, { run: `${model}-1`, actor: 'cli:bob' }), notAwaiting)
  await assert.rejects(approve(database, clock, { run: `${model}-9`, actor: 'cli:bob' }), (error) => error instanceof RefitError && error.code === 'not-found')
})

test('of answers given at the same time one holds, and the registry agrees with it', async () => {
  const answers = await Promise.allSettled([
    approve(database, clock, { run: waiting.run, actor: 'cli:ada' }),
    decline(database, clock, { run: waiting.run, actor: 'cli:bob' }),
    approve(database, clock, { run: waiting.run, actor: 'cli:eve' }),
  ])
  const refusals = answers.flatMap((answer): unknown[] => (answer.status === 'rejected' ? [answer.reason] : []))
  assert.equal(refusals.length, 2)
  assert.ok(refusals.every(notAwaiting))
  const approved = (await stateOf(waiting.version)) === 'approved'
  assert.deepEqual([(await getRun(database, waiting.run)).outcome, await champion()], approved ? ['promoted', waiting.version] : ['rejected', 1])
})

test('a newer version supersedes one that nobody has answered, and its run says so', async () => {
  const newer = await newerVersion()
  assert.equal(await stateOf(waiting.version), 'superseded')
  const run = await getRun(database, waiting.run)
  assert.equal(run.outcome, 'superseded')
  assert.match(run.explanation ?? '', new RegExp(`before version ${newer} came`))
  await assert.rejects(approve(database, clock, { run: waiting.run, actor: 'cli:ada' }), notAwaiting)
  assert.equal(await champion(), 1)
})

test('an answered version is not superseded', async () => {
  await approve(database, clock, { run: waiting.run, actor: 'cli:ada' })
  await newerVersion()
  assert.equal(await stateOf(waiting.version), 'approved')
})

for (const [name, answer] of [['approval', approve], ['decline', decline]] as const) {
  test(`${name} at the moment a newer version comes waits for it and is refused; neither locks the other out`, async () => {
    let answered: Promise<unknown> = Promise.resolve()
    await newerVersion(async () => {
      answered = answer(database, clock, { run: waiting.run, actor: 'cli:ada' })
      await Promise.race([answered.catch(() => undefined), someoneWaitsForALock()])
    })
    await assert.rejects(answered, notAwaiting)
    assert.equal((await getRun(database, waiting.run)).outcome, 'superseded')
    assert.equal(await champion(), 1)
  })
}

async function someoneWaitsForALock(): Promise<void> {
  const waiters = sql`select 1 from pg_locks where not granted`
  const deadline = Date.now() + 30_000
  while ((await waiters.execute(database)).rows.length === 0 && Date.now() < deadline) await delay(5)
}

test('a version that is promoted by force waits for nobody any more', async () => {
  await forcePromotion(database, clock, { model, version: waiting.version, actor: 'cli:ada', reason: 'the fair begins' })
  assert.deepEqual([await champion(), await stateOf(waiting.version)], [waiting.version, 'approved'])
  const run = await getRun(database, waiting.run)
  assert.deepEqual([run.outcome, run.explanation], ['promoted', `Version ${waiting.version} was promoted by cli:ada, whatever its verdict: the fair begins.`])
  await assert.rejects(decline(database, clock, { run: waiting.run, actor: 'cli:bob' }), notAwaiting)
})

test('a comparison with a champion that serves no more has to be approved anyway', async () => {
  const { version: third } = await promotedRun(database, model)
  await forcePromotion(database, clock, { model, version: third, actor: 'x', reason: 'it serves' })
  const waits = await awaitingRun(database, model)
  await forcePromotion(database, clock, { model, version: 1, actor: 'x', reason: 'back' })
  await assert.rejects(approve(database, clock, { run: waits.run, actor: 'cli:ada' }), (error) => {
    assert.ok(error instanceof RefitError && error.code === 'approval-outdated')
    assert.match(error.message, new RegExp(`Version ${waits.version} was compared with version ${third}, but version 1 is champion now`))
    return true
  })
  assert.equal(await champion(), 1)
  await approve(database, clock, { run: waits.run, actor: 'cli:ada', reason: 'better than both', anyway: true })
  assert.equal(await champion(), waits.version)
  const approved = (await readEvents(database, { run: waits.run, limit: 1000 })).find(({ kind }) => kind === 'version.approved')
  assert.equal(approved?.data['anyway'], true)
})

test('a version that was checked on a drop which is withdrawn since has to be approved anyway, though it was made from others', async () => {
  const drop = `${model}-d1`
  await database
    .insertInto('drops')
    .values({ id: drop, model, source: 'folder', key: 'week-1.csv', source_version: '1', sha256: 'e'.repeat(64), bytes: 1, object: 'raw/e', state: 'ingested', recorded_at: clock.now(), changed_at: clock.now() })
    .execute()
  await approve(database, clock, { run: waiting.run, actor: 'cli:ada' })
  const claim = await startedRun(database, model)
  await finishStage(database, claim, 'ingest', 1, { history: [{ id: drop, key: 'week-1.csv', sha256: 'e'.repeat(64) }] })
  await finishStage(database, claim, 'check', 4, { comparedWith: waiting.version })
  const version = await database.transaction().execute((transaction) => addVersionIn(transaction, claim, 'awaiting-approval'))
  await endRun(database, clock, claim, { outcome: 'awaiting-approval', explanation: `Version ${version} awaits approval.` })
  await database.updateTable('drops').set({ state: 'withdrawn' }).where('id', '=', drop).execute()
  await assert.rejects(approve(database, clock, { run: claim.run.id, actor: 'cli:ada' }), (error) => {
    assert.ok(error instanceof RefitError && error.code === 'approval-tainted')
    assert.equal(error.message, `Version ${version} was checked on drops that have been withdrawn since: ${drop}.`)
    return true
  })
  assert.equal(await champion(), waiting.version)
  await approve(database, clock, { run: claim.run.id, actor: 'cli:ada', reason: 'the week was right after all', anyway: true })
  assert.equal(await champion(), version)
})

test('what nobody has answered in time expires once, by the clock and not before', async () => {
  const definition = modelNamed(`expiring-${models}`, { approval: { when: 'always', expiresAfter: 14 * 86_400_000 } })
  await registerModels(database, clock, projectOf(definition), 'test')
  await promotedRun(database, definition.name)
  const expiring = await awaitingRun(database, definition.name)
  const { endedAt } = await getRun(database, expiring.run)
  const later = settableClock(new Date((endedAt ?? assert.fail()).getTime() + 14 * 86_400_000 - 1).toISOString())
  assert.deepEqual(await expireAwaiting(database, later), [])
  later.advance(1)
  const expired = await Promise.all([expireAwaiting(database, later), expireAwaiting(database, later)])
  assert.deepEqual(expired.flat(), [expiring.run], 'once, and not what may wait for ever')
  const run = await getRun(database, expiring.run)
  assert.deepEqual([run.outcome, run.explanation], ['rejected', `Version ${expiring.version} was not approved in time: its approval has expired.`])
  assert.equal((await getVersion(database, definition.name, expiring.version)).state, 'expired')
  const told = await readEvents(database, { run: expiring.run, limit: 1000 })
  assert.deepEqual(told.filter(({ kind }) => kind === 'version.expired').map(({ actor, data }) => [actor, data['version']]), [['refit', expiring.version]])
  await assert.rejects(approve(database, clock, { run: expiring.run, actor: 'cli:ada' }), notAwaiting)
})
