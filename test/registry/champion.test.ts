import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import { RefitError } from '../../src/errors.js'
import { championMoves, getChampion, rollback, type Champion } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion, requestPromotion } from '../../src/registry/promotion.js'
import { readEvents } from '../../src/runs/event.js'
import { claimRun } from '../../src/runs/execution.js'
import { getRun } from '../../src/runs/queries.js'
import { requestRun } from '../../src/runs/requests.js'
import { awaitingRun, championIn, promotedRun } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase({ connections: 20 })
  database = running.database
})
after(() => running.stop())

/** Each test has a model of its own. */
let model: string
let models = 0
beforeEach(async () => {
  models += 1
  model = `model-${models}`
  await registerModels(database, clock, projectOf(modelNamed(model)), 'test')
})

async function promoteRuns(count: number): Promise<void> {
  for (let runs = 0; runs < count; runs += 1) await promotedRun(database, model)
}

const champion = async (): Promise<number | undefined> => (await getChampion(database, model))?.version
const back = (to?: number): Promise<Champion> => rollback(database, clock, { model, to, actor: 'tester' })
const promote = async (version: number, actor = 'tester'): Promise<Champion> => championIn(await forcePromotion(database, clock, { model, version, actor, reason: 'known to be right' }))
const refused = (code: string) => (error: unknown): boolean => error instanceof RefitError && error.code === code

test('the generation grows by one with every move, also when many move at the same time', async () => {
  await promoteRuns(4)
  const seen: Champion[] = []
  const moved = new AbortController()
  const follow = async (): Promise<void> => {
    while (!moved.signal.aborted) {
      const present = await getChampion(database, model)
      if (present !== undefined) seen.push(present)
    }
  }
  const move = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 24 }, (_, index) => promote((index % 4) + 1, `tester ${index}`)))
    moved.abort()
  }
  await Promise.all([follow(), move()])
  const moves = (await championMoves(database, model, 100)).toReversed()
  assert.deepEqual(moves.map(({ generation }) => generation), moves.map((_, index) => index + 1))
  assert.deepEqual(moves.slice(1).map(({ previous }) => previous), moves.slice(0, -1).map(({ version }) => version))
  const last = moves.at(-1)
  assert.deepEqual(await getChampion(database, model).then((present) => [present?.generation, present?.version]), [last?.generation, last?.version])
  // Whoever follows sees generations that never fall, each with the version of its move.
  for (const [index, present] of seen.entries()) {
    assert.ok(present.generation >= (seen[index - 1]?.generation ?? 0))
    assert.equal(moves[present.generation - 1]?.version, present.version)
  }
  const told = (await readEvents(database, { model, limit: 1000 })).filter(({ kind }) => kind === 'champion.moved')
  assert.deepEqual(told.map(({ data }) => data['generation']), moves.map(({ generation }) => generation))
})

test('making the champion champion moves nothing', async () => {
  await promoteRuns(1)
  await promote(1)
  assert.equal((await championMoves(database, model)).length, 1)
})

test('rollback twice goes two steps, and then there is nothing to go back to', async () => {
  await promoteRuns(3)
  assert.equal((await back()).version, 2)
  assert.equal((await back()).version, 1)
  await assert.rejects(back(), refused('nothing-to-roll-back'))
  assert.equal(await champion(), 1)
  assert.equal((await getChampion(database, model))?.generation, 5)
})

test('rollbacks at the same time go a step each', async () => {
  await promoteRuns(3)
  await Promise.all([back(), back()])
  assert.equal(await champion(), 1)
})

test('after a rollback a newer version goes back to what served before it, not to what was rolled back', async () => {
  await promoteRuns(3)
  await back()
  await promoteRuns(1)
  assert.equal(await champion(), 4)
  assert.deepEqual([(await back()).version, (await back()).version], [2, 1])
})

test('an old version that was promoted anew goes back to the one it replaced', async () => {
  await promoteRuns(3)
  await promote(1)
  assert.deepEqual([(await back()).version, (await back()).version, (await back()).version], [3, 2, 1])
  await assert.rejects(back(), refused('nothing-to-roll-back'))
})

test('rollback to a named version takes one that has served, and goes on from there', async () => {
  await promoteRuns(3)
  await assert.rejects(back(3), refused('nothing-to-roll-back'))
  await assert.rejects(back(7), refused('nothing-to-roll-back'))
  const { version: neverServed } = await awaitingRun(database, model)
  await assert.rejects(back(neverServed), refused('nothing-to-roll-back'))
  assert.equal((await back(1)).version, 1)
  await assert.rejects(back(), refused('nothing-to-roll-back'))
  assert.equal((await back(3)).version, 3)
  assert.equal((await back()).version, 1)
})

test('a model without champion has nothing to roll back', async () => {
  await assert.rejects(back(), refused('nothing-to-roll-back'))
})

test('a version without a passing verdict is not checked for a promotion, and is champion only by force and with a reason', async () => {
  await promoteRuns(1)
  const { version } = await awaitingRun(database, model)
  await assert.rejects(requestPromotion(database, clock, { model, version, actor: 'tester' }), refused('promotion-refused'))
  for (const reason of [undefined, '', '  ']) {
    await assert.rejects(forcePromotion(database, clock, { model, version, actor: 'tester', reason }), refused('reason-required'))
  }
  assert.equal(await champion(), 1)
  await forcePromotion(database, clock, { model, version, actor: 'ada', reason: 'the season has changed' })
  assert.equal(await champion(), version)
  const [move] = await championMoves(database, model)
  assert.deepEqual([move?.cause, move?.actor, move?.reason], ['promote', 'ada', 'the season has changed'])
})

test('a version that is not there is not promoted', async () => {
  await assert.rejects(promote(1), refused('not-found'))
  await assert.rejects(requestPromotion(database, clock, { model, version: 1, actor: 'tester' }), refused('not-found'))
})

test('every promotion that is asked for is a run of its own, which waits beside one that trains; the champion is not promoted again', async () => {
  await promoteRuns(3)
  const ask = async (version: number): Promise<string> => (await requestPromotion(database, clock, { model, version, actor: 'ada', reason: 'was better' })).id
  const training = await requestRun(database, clock, { model, cause: { trigger: 'manual', actor: 'bob' } })
  assert.deepEqual([await ask(1), await ask(2), await ask(1)], [`${model}-5`, `${model}-6`, `${model}-7`])
  const again = await requestRun(database, clock, { model, cause: { trigger: 'schedule', actor: 'schedule' } })
  assert.deepEqual([again.coalesced, again.run.id], [true, training.run.id], 'what asks for training falls into the run that trains')
  const { offer, causes, state } = await getRun(database, `${model}-5`)
  assert.deepEqual([state, offer, causes.map(({ trigger, detail }) => [trigger, detail])], ['waiting', { kind: 'version', version: 1, actor: 'ada', reason: 'was better' }, [['promote', 'version 1: was better']]])
  await assert.rejects(ask(3), refused('champion-already'))
  assert.equal(await champion(), 3, 'asking moves nothing')
  // One of a model at a time, in the order in which they were asked for.
  assert.equal((await claimRun(database, clock, training.run.id))?.run.state, 'active')
  assert.equal(await claimRun(database, clock, `${model}-5`), undefined)
})
