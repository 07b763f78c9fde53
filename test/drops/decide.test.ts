import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import type { StoredDelivery } from '../../src/define/stored-definition.js'
import { decideByHand, type Decided } from '../../src/drops/decide.js'
import { getDrop } from '../../src/drops/queries.js'
import type { DecisionKind } from '../../src/drops/transitions.js'
import { RefitError } from '../../src/errors.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import type { ObjectStore } from '../../src/objects/object-store.js'
import { approve } from '../../src/registry/approval.js'
import { championMoves, getChampion, rollback } from '../../src/registry/champion.js'
import { forcePromotion, requestPromotion } from '../../src/registry/promotion.js'
import { registerModels } from '../../src/registry/models.js'
import { eventsOfDrop } from '../../src/runs/event.js'
import { endRun } from '../../src/runs/execution.js'
import { getRun } from '../../src/runs/queries.js'
import { addVersionIn, championIn } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { seededRandom } from '../support/seeded-random.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { historyOf, type History } from './history.js'

let running: RunningDatabase
let database: Database
let objects: ObjectStore
before(async () => {
  running = await startDatabase({ connections: 20 })
  database = running.database
  objects = filesystemObjects(join(running.folder, '.refit', 'objects'))
})
after(() => running.stop())

/** Each test has a model of its own. */
let model: string
let models = 0
let history: History
const modelWith = async (kind: StoredDelivery['kind']): Promise<void> => {
  models += 1
  model = `model-${models}`
  await registerModels(database, clock, projectOf(modelNamed(model, kind === 'append' ? {} : { delivery: { kind } })), 'test')
  history = historyOf(database, objects, clock, model, kind)
}
beforeEach(() => modelWith('append'))

const decide = (kind: DecisionKind, drops: readonly number[], { reason = 'a reason', repair = false } = {}): Promise<Decided> =>
  decideByHand(database, clock, { kind, drops: drops.map((drop) => `${model}-d${drop}`), reason, actor: 'cli:ada', repair })
const refused = (code: string) => (error: unknown): boolean => error instanceof RefitError && error.code === code
const champion = async (): Promise<number | undefined> => (await getChampion(database, model))?.version
const told = async (drop: number): Promise<readonly string[]> => (await eventsOfDrop(database, `${model}-d${drop}`)).map(({ kind, actor }) => `${kind} ${actor}`)

test('a released drop is taken by the next run, and who decided why is kept', async () => {
  await history.announce('a.csv', 'bad')
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 quarantined'])
  const { drops } = await decide('release', [1], { reason: 'it was a strange week' })
  assert.deepEqual(drops.map(({ state, released, decision }) => [state, released, decision?.kind, decision?.actor, decision?.reason]), [['recorded', true, 'release', 'cli:ada', 'it was a strange week']])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 ingested'])
  assert.deepEqual(await told(1), ['drop.recorded tester', 'drop.quarantined refit', 'drop.released cli:ada', 'drop.ingested refit'])
})

test('what cannot be read is not released; it can be discarded, and restored to be read again', async () => {
  await history.announce('a.csv', 'unreadable')
  await history.promoted()
  await assert.rejects(decide('release', [1]), refused('drop-not-releasable'))
  await decide('discard', [1])
  await decide('restore', [1])
  assert.deepEqual(await history.states(), ['d1 recorded'])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 quarantined'])
})

test('a decision needs a reason, drops that there are, of one model, and a state that it leads from', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await assert.rejects(decide('withdraw', [1], { reason: ' ' }), refused('reason-required'))
  await assert.rejects(decide('withdraw', [2]), refused('drop-unknown'))
  await assert.rejects(decide('restore', [1]), refused('drop-decision-refused'))
  const first = `${model}-d1`
  await modelWith('append')
  const second = await history.announce('a.csv', 'one')
  await assert.rejects(decideByHand(database, clock, { kind: 'withdraw', drops: [first, second], reason: 'x', actor: 'x' }), refused('drops-of-several-models'))
})

test('whoever names a file in place of a drop is told the ids of its drops', async () => {
  const telling = (named: string, told: RegExp): Promise<void> => assert.rejects(decideByHand(database, clock, { kind: 'withdraw', drops: [named], reason: 'x', actor: 'x' }), (error) => error instanceof RefitError && error.code === 'drop-unknown' && told.test(error.message))
  const file = `week-of-${model}.csv`
  await telling(file, new RegExp(`^No drop has the id ${file}\\.$`))
  const first = await history.announce(`folder/${file}`, 'one')
  await telling(file, new RegExp(`^No drop has the id ${file}; of that file there is ${first}\\.$`))
  const second = await history.announce(file, 'two')
  await telling(file, new RegExp(`; of that file there are ${second}, ${first}\\.$`))
})

test('a decision about several drops is carried out for all of them or for none', async () => {
  await history.announce('a.csv', 'one')
  await history.announce('b.csv', 'bad')
  await history.promoted()
  await assert.rejects(decide('withdraw', [1, 2]), refused('drop-decision-refused'))
  assert.deepEqual(await history.states(), ['d1 ingested', 'd2 quarantined'])
})

test('a repeated decision changes nothing and is no second event, also when many make it at once', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await Promise.all(Array.from({ length: 8 }, () => decide('withdraw', [1], { repair: true })))
  assert.deepEqual((await told(1)).slice(2), ['drop.withdrawn cli:ada'])
  const { runs } = await database.selectFrom('runs').select((query) => query.fn.countAll().as('runs')).where('model', '=', model).where('state', '=', 'waiting').executeTakeFirstOrThrow()
  assert.equal(Number(runs), 1)
})

test('a withdrawn drop is in no later snapshot, until it is restored', async () => {
  for (const key of ['a', 'b', 'c']) await history.announce(key, key)
  await history.promoted()
  await decide('withdraw', [2])
  await history.promoted()
  assert.deepEqual(await history.snapshot(), ['d1', 'd3'])
  await decide('restore', [2])
  await history.promoted()
  assert.deepEqual(await history.snapshot(), ['d1', 'd2', 'd3'])
})

test('what a withdrawn delivery had superseded stands again, down the whole chain', async () => {
  for (const content of ['one', 'two', 'three']) {
    await history.announce('a.csv', content)
    await history.promoted()
  }
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 superseded by d3', 'd3 ingested'])
  const { returned } = await decide('withdraw', [3])
  assert.deepEqual(returned.map(({ id, state }) => [id, state]), [[`${model}-d2`, 'ingested']])
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 ingested', 'd3 withdrawn'])
  await decide('withdraw', [2])
  assert.deepEqual(await history.states(), ['d1 ingested', 'd2 withdrawn', 'd3 withdrawn'])
  await decide('restore', [3])
  await decide('restore', [2])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 superseded by d3', 'd3 ingested'])
})

test('the middle of a chain is withdrawn without bringing back what the newest still supersedes', async () => {
  for (const content of ['one', 'two', 'three']) {
    await history.announce('a.csv', content)
    await history.promoted()
  }
  await decide('withdraw', [2])
  assert.deepEqual(await history.states(), ['d1 superseded by d3', 'd2 withdrawn', 'd3 ingested'])
  await decide('restore', [2])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 superseded by d3', 'd2 superseded by d3', 'd3 ingested'])
  await decide('withdraw', [3])
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 ingested', 'd3 withdrawn'])
})

test('rows never double when a superseded drop comes back: a copy that has taken its place stays', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await history.announce('a.csv', 'two')
  await history.promoted()
  await history.announce('b.csv', 'one')
  await history.promoted()
  await decide('withdraw', [2])
  assert.deepEqual(await history.states(), ['d1 discarded', 'd2 withdrawn', 'd3 ingested'])
})

test('a copy stays discarded when its original goes, and can be restored', async () => {
  await history.announce('a.csv', 'one')
  await history.announce('b.csv', 'one')
  await history.promoted()
  await decide('withdraw', [1])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 withdrawn', 'd2 discarded'])
  assert.match((await getDrop(database, `${model}-d2`)).reason.summary ?? '', /stays out when it is withdrawn; `refit drops restore`/)
  await decide('restore', [2])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 withdrawn', 'd2 ingested'])
})

for (const together of [true, false]) {
  test(`a copy takes the place of an original that is superseded, ${together ? 'taken together' : 'one after the other'}`, async () => {
    const announce = async (key: string, content: string): Promise<void> => {
      await history.announce(key, content)
      if (!together) await history.promoted()
    }
    await announce('latest.csv', 'week 5')
    await announce('archive/week-05.csv', 'week 5')
    await announce('backup/week-05.csv', 'week 5')
    await announce('latest.csv', 'week 6')
    await announce('archive/week-06.csv', 'week 6')
    if (together) await history.promoted()
    assert.deepEqual(await history.states(), ['d1 superseded by d4', 'd2 ingested', 'd3 discarded', 'd4 ingested', 'd5 discarded'])
    assert.deepEqual(await history.snapshot(), ['d2', 'd4'])
    await announce('archive/week-05.csv', 'week 5, corrected')
    await announce('latest.csv', 'week 7')
    if (together) await history.promoted()
    assert.deepEqual(await history.states(), ['d1 superseded by d4', 'd2 superseded by d6', 'd3 ingested', 'd4 superseded by d7', 'd5 ingested', 'd6 ingested', 'd7 ingested'])
    assert.deepEqual(await history.snapshot(), ['d3', 'd5', 'd6', 'd7'])
    await decide('withdraw', [7])
    assert.deepEqual((await history.states())[3], 'd4 discarded', 'its rows are there already')
    await decide('withdraw', [5])
    await history.promoted()
    assert.deepEqual(await history.snapshot(), ['d3', 'd6'], 'what someone has withdrawn comes back by no copy')
  })
}

test('a copy takes its original\'s place also when what supersedes that one arrived earlier, and was released later', async () => {
  await history.announce('latest.csv', 'week 5')
  await history.announce('latest.csv', 'week 6 is bad')
  await history.promoted()
  await history.announce('archive/week-05.csv', 'week 5')
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 ingested', 'd2 quarantined', 'd3 discarded'])
  await decide('release', [2])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 ingested', 'd3 ingested'])
})

test('with replace a copy of a table that is superseded stays out', async () => {
  await modelWith('replace')
  for (const [key, content] of [['latest.csv', 'one'], ['archive.csv', 'one'], ['latest.csv', 'two']] as const) await history.announce(key, content)
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 superseded by d3', 'd2 discarded', 'd3 ingested'])
})

test('with replace each accepted drop is the whole table; the one before comes back when it is withdrawn', async () => {
  await modelWith('replace')
  await history.announce('january.csv', 'one')
  await history.promoted()
  await history.announce('february.csv', 'two')
  await history.announce('march.csv', 'three')
  await history.promoted()
  await history.announce('april.csv', 'bad')
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 superseded by d3', 'd3 ingested', 'd4 quarantined'])
  assert.deepEqual(await history.snapshot(), ['d3'])
  await decide('withdraw', [3])
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 superseded by d2', 'd2 ingested', 'd3 withdrawn', 'd4 quarantined'])
  assert.deepEqual(await history.snapshot(), ['d2'])
  await decide('release', [4])
  await history.promoted()
  assert.deepEqual(await history.snapshot(), ['d4'])
  await history.announce('march-again.csv', 'three')
  await history.promoted()
  assert.deepEqual(await history.snapshot(), ['d5'], 'a table that returns is no copy of one that is gone')
})

test('a model that turns to replace keeps its newest drop as the table', async () => {
  for (const key of ['a', 'b', 'c']) await history.announce(key, key)
  await history.promoted()
  const replacing = historyOf(database, objects, clock, model, 'replace')
  await replacing.promoted()
  assert.deepEqual(await replacing.states(), ['d1 superseded by d2', 'd2 superseded by d3', 'd3 ingested'])
})

test('with upsert drops stand beside each other, also with the same content; under one name the later one counts', async () => {
  await modelWith('upsert')
  for (const [key, content] of [['a', 'one'], ['b', 'two'], ['c', 'one'], ['b', 'four']] as const) await history.announce(key, content)
  await history.promoted()
  assert.deepEqual(await history.states(), ['d1 ingested', 'd2 superseded by d4', 'd3 ingested', 'd4 ingested'])
})

test('a withdrawal names the versions that saw the drop, the champion among them and the run under way, and what a repair would do', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await history.announce('b.csv', 'two')
  await history.promoted()
  await history.announce('c.csv', 'three')
  await history.promoted()
  const { run } = (await history.taking()).claim
  const { withdrawal } = await decide('withdraw', [2])
  assert.deepEqual(withdrawal, {
    versions: [3, 2],
    champion: 3,
    activeRun: run.id,
    repair: { isDone: false, rollBackTo: 1, cancels: run.id, needsRun: true, run: undefined },
  })
  assert.equal(await champion(), 3, 'nothing is repaired unasked')
  assert.equal((await getRun(database, run.id)).cancelRequested, false)
})

test('a repair goes back to the newest version that saw no withdrawn drop, ends the run under way and asks for another', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await history.announce('b.csv', 'two')
  await history.promoted()
  await history.announce('c.csv', 'three')
  await history.promoted()
  await decide('withdraw', [2])
  const { run } = (await history.taking()).claim
  await history.announce('d.csv', 'four')
  const { withdrawal } = await decide('withdraw', [1, 2, 3], { repair: true })
  assert.deepEqual([withdrawal?.champion, withdrawal?.repair.rollBackTo], [3, undefined], 'no version is left that saw none of them')
  assert.equal(await champion(), 3)
  assert.equal((await getRun(database, run.id)).cancelRequested, true)
  const next = await getRun(database, withdrawal?.repair.run ?? '')
  assert.deepEqual([next.state, next.causes.map(({ trigger, actor }) => [trigger, actor])], ['waiting', [['withdrawal', 'cli:ada']]])
})

test('content that came again in a drop of its own is not withdrawn with the first', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await history.announce('wrong-name.csv', 'two')
  await history.promoted()
  await decide('withdraw', [2])
  await history.announce('b.csv', 'two')
  assert.equal(await history.promoted(), 3)
  const { withdrawal } = await decide('withdraw', [2], { repair: true })
  assert.deepEqual([withdrawal?.versions, withdrawal?.champion, withdrawal?.repair.needsRun, await champion()], [[2], undefined, false, 3])
})

test('a repair moves the champion once, with its cause', async () => {
  await history.announce('a.csv', 'one')
  await history.promoted()
  await history.announce('b.csv', 'two')
  await history.promoted()
  const { withdrawal } = await decide('withdraw', [2], { repair: true, reason: 'prices times ten' })
  assert.deepEqual([withdrawal?.repair.isDone, withdrawal?.repair.rollBackTo, await champion()], [true, 1, 1])
  const again = await decide('withdraw', [2], { repair: true, reason: 'prices times ten' })
  assert.equal(again.withdrawal?.champion, undefined)
  const [move, ...former] = await championMoves(database, model)
  assert.deepEqual([move?.version, move?.cause, move?.actor, move?.reason, former.length], [1, 'rollback', 'cli:ada', `${model}-d2 withdrawn: prices times ten`, 2])
})

test('a version that saw a withdrawn drop is not promoted, rolled back to or approved, unless by force', async () => {
  for (const key of ['a', 'b', 'c']) {
    await history.announce(key, key)
    await history.promoted()
  }
  const { claim, data } = await history.taking()
  const waiting = await database.transaction().execute((transaction) => addVersionIn(transaction, claim, 'awaiting-approval', data))
  await endRun(database, clock, claim, { outcome: 'awaiting-approval', explanation: '' })
  await decide('withdraw', [2])
  await assert.rejects(requestPromotion(database, clock, { model, version: 2, actor: 'x' }), refused('version-tainted'))
  await assert.rejects(rollback(database, clock, { model, to: 2, actor: 'x' }), refused('version-tainted'))
  await assert.rejects(approve(database, clock, { run: claim.run.id, actor: 'x' }), refused('version-tainted'))
  assert.equal((await rollback(database, clock, { model, actor: 'x' })).version, 1, 'it passes over version 2')
  assert.equal(championIn(await forcePromotion(database, clock, { model, version: waiting, actor: 'x', reason: 'known' })).version, waiting)
  await decide('restore', [2])
  assert.deepEqual((await requestPromotion(database, clock, { model, version: 2, actor: 'x' })).offer, { kind: 'version', version: 2, actor: 'x' })
})

test('whatever is delivered, decided and taken in whatever order, each drop has one state and no rows double', async (context) => {
  const random = seededRandom(context)
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] ?? assert.fail()
  for (const delivery of ['append', 'replace', 'upsert'] as const) {
    await modelWith(delivery)
    await history.announce('a', 'one')
    for (let step = 0; step < 60; step += 1) {
      const what = random.below(100)
      if (what < 50) await history.announce(pick(['a', 'b', 'c', 'd']), pick(['one', 'two', 'three', 'four', 'bad']))
      else if (what < 75) {
        const drop = pick(await history.states()).match(/\d+/)?.[0] ?? ''
        await decide(pick(['release', 'discard', 'withdraw', 'restore']), [Number(drop)]).catch((error: unknown) => {
          assert.ok(refused('drop-decision-refused')(error), String(error))
        })
      } else await history.promoted()
    }
    await history.promoted()
    const rows = await database.selectFrom('drops').select(['id', 'state', 'key', 'sha256', 'superseded_by']).where('model', '=', model).execute()
    const ingested = rows.filter(({ state }) => state === 'ingested')
    assert.deepEqual(await history.snapshot(), ingested.map(({ id }) => id.slice(model.length + 1)).toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))), delivery)
    assert.deepEqual(rows.filter(({ state }) => state === 'recorded'), [])
    assert.equal(new Set(ingested.map(({ key }) => key)).size, ingested.length, 'one drop a name')
    if (delivery === 'append') assert.equal(new Set(ingested.map(({ sha256 }) => sha256)).size, ingested.length, 'no content twice')
    if (delivery === 'replace') assert.ok(ingested.length <= 1)
    for (const { state, superseded_by: by } of rows) assert.equal(by !== null, state === 'superseded')
  }
})
