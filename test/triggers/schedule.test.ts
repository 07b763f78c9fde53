import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connect } from '../../src/database/connection.js'
import type { Database } from '../../src/database/schema.js'
import type { CatchUp, StoredTrigger } from '../../src/define/stored-definition.js'
import { listModels, registerModels } from '../../src/registry/models.js'
import { readEvents } from '../../src/runs/event.js'
import { claimRun, endRun } from '../../src/runs/execution.js'
import { listRuns } from '../../src/runs/queries.js'
import { fireSchedules } from '../../src/triggers/schedule.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { settableClock, type SettableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

const HOUR = 3_600_000
const mondaysAtSix = { kind: 'schedule', cron: '0 6 * * 1', timeZone: 'America/Los_Angeles', catchUp: 'once' } as const

let running: RunningDatabase
before(async () => {
  running = await startDatabase()
})
after(() => running.stop())

/** A model with one schedule, seen for the first time at `start`. */
async function scheduled(name: string, trigger: StoredTrigger, start: string): Promise<SettableClock> {
  const clock = settableClock(start)
  await registerModels(running.database, clock, projectOf(modelNamed(name, { triggers: [trigger] })), 'test')
  await look(clock)
  return clock
}

/** One look at the schedules, as the control server takes it. */
async function look(clock: SettableClock, database: Database = running.database): Promise<void> {
  await fireSchedules(database, clock, await listModels(database))
}

/** Looks every `step` until `end`; each run that it makes ends at once. */
async function live(clock: SettableClock, model: string, end: string, step: number): Promise<void> {
  while (clock.now() < new Date(end)) {
    clock.advance(step)
    await look(clock)
    await endWaiting(clock, model)
  }
}

async function endWaiting(clock: SettableClock, model: string): Promise<void> {
  const [newest] = await listRuns(running.database, { model, limit: 1 })
  if (newest?.state !== 'waiting') return
  const claim = await claimRun(running.database, clock, newest.id)
  assert.ok(claim)
  await endRun(running.database, clock, claim, { outcome: 'unchanged', explanation: 'Nothing has changed.' })
}

/** What happened to the schedule of a model: occurrences fired, and how many were missed from when to when. */
async function happenings(model: string): Promise<readonly string[]> {
  const events = await readEvents(running.database, { model, limit: 1000 })
  return events.flatMap(({ kind, data }) => {
    if (kind === 'schedule.fired') return [`fired ${String(data['occurrence'])}`]
    if (kind === 'schedule.missed') return [`missed ${String(data['count'])}: ${String(data['first'])} to ${String(data['last'])}`]
    return []
  })
}

async function runsOf(model: string): Promise<readonly string[]> {
  const runs = await listRuns(running.database, { model, limit: 1000 })
  return runs.toReversed().map((run) => `${run.createdAt.toISOString()} ${run.causes.map((cause) => cause.detail?.split(', due ')[1]).join(' + ')}`)
}

test('Mondays at six in Los Angeles stay at six over both changes of the clocks', async () => {
  const spring = await scheduled('spring', mondaysAtSix, '2026-02-25T00:00:00Z')
  await live(spring, 'spring', '2026-03-17T00:00:00Z', 6 * HOUR)
  assert.deepEqual(await happenings('spring'), ['fired 2026-03-02T14:00:00.000Z', 'fired 2026-03-09T13:00:00.000Z', 'fired 2026-03-16T13:00:00.000Z'])
  const autumn = await scheduled('autumn', mondaysAtSix, '2026-10-21T00:00:00Z')
  await live(autumn, 'autumn', '2026-11-10T00:00:00Z', 6 * HOUR)
  assert.deepEqual(await happenings('autumn'), ['fired 2026-10-26T13:00:00.000Z', 'fired 2026-11-02T14:00:00.000Z', 'fired 2026-11-09T14:00:00.000Z'])
})

test('a daily hour that does not exist one day runs once that day, when the clocks have changed', async () => {
  const clock = await scheduled('no-such-hour', { kind: 'schedule', cron: '30 2 * * *', timeZone: 'America/Los_Angeles', catchUp: 'once' }, '2026-03-06T20:00:00Z')
  await live(clock, 'no-such-hour', '2026-03-09T20:00:00Z', HOUR / 2)
  assert.deepEqual(await happenings('no-such-hour'), ['fired 2026-03-07T10:30:00.000Z', 'fired 2026-03-08T10:00:00.000Z', 'fired 2026-03-09T09:30:00.000Z'])
})

test('a daily hour that comes twice one day runs once that day, the first time', async () => {
  const berlin = await scheduled('hour-twice', { kind: 'schedule', cron: '30 2 * * *', timeZone: 'Europe/Berlin', catchUp: 'each' }, '2026-10-23T20:00:00Z')
  await live(berlin, 'hour-twice', '2026-10-26T20:00:00Z', HOUR / 2)
  assert.deepEqual(await happenings('hour-twice'), ['fired 2026-10-24T00:30:00.000Z', 'fired 2026-10-25T00:30:00.000Z', 'fired 2026-10-26T01:30:00.000Z'])
})

test('the time before a schedule was first seen gives no run', async () => {
  await scheduled('newly-written', mondaysAtSix, '2026-06-01T13:00:00Z')
  assert.deepEqual(await runsOf('newly-written'), [])
})

const missedWeeks: Readonly<Record<CatchUp, { readonly happenings: readonly string[]; readonly runs: readonly string[] }>> = {
  skip: {
    happenings: ['missed 3: 2026-06-08T13:00:00.000Z to 2026-06-22T13:00:00.000Z', 'fired 2026-06-29T13:00:00.000Z'],
    runs: ['2026-06-29T13:00:30.000Z 2026-06-29T13:00:00.000Z'],
  },
  once: {
    happenings: ['missed 2: 2026-06-08T13:00:00.000Z to 2026-06-15T13:00:00.000Z', 'fired 2026-06-22T13:00:00.000Z', 'fired 2026-06-29T13:00:00.000Z'],
    runs: ['2026-06-24T09:00:00.000Z 2026-06-22T13:00:00.000Z', '2026-06-29T13:00:30.000Z 2026-06-29T13:00:00.000Z'],
  },
  each: {
    happenings: ['fired 2026-06-08T13:00:00.000Z', 'fired 2026-06-15T13:00:00.000Z', 'fired 2026-06-22T13:00:00.000Z', 'fired 2026-06-29T13:00:00.000Z'],
    runs: [
      '2026-06-24T09:00:00.000Z 2026-06-08T13:00:00.000Z',
      '2026-06-24T09:00:00.000Z 2026-06-15T13:00:00.000Z',
      '2026-06-24T09:00:00.000Z 2026-06-22T13:00:00.000Z',
      '2026-06-29T13:00:30.000Z 2026-06-29T13:00:00.000Z',
    ],
  },
}

for (const catchUp of ['skip', 'once', 'each'] as const) {
  test(`weeks missed while nothing ran are caught up as "${catchUp}" says, after a restart`, async () => {
    const model = `missed-${catchUp}`
    const clock = await scheduled(model, { ...mondaysAtSix, catchUp }, '2026-06-01T20:00:00Z')
    clock.set('2026-06-24T09:00:00Z')
    const restarted = connect(running.url, { applicationName: 'restarted' })
    try {
      for (let looks = 0; looks < 5; looks += 1) {
        await look(clock, restarted.database)
        await endWaiting(clock, model)
      }
      clock.set('2026-06-29T13:00:30Z')
      await look(clock, restarted.database)
    } finally {
      await restarted.close()
    }
    assert.deepEqual(await happenings(model), missedWeeks[catchUp].happenings)
    assert.deepEqual(await runsOf(model), missedWeeks[catchUp].runs)
  })
}

test('"each" lets no two occurrences fall together in one waiting run', async () => {
  const clock = await scheduled('one-by-one', { ...mondaysAtSix, catchUp: 'each' }, '2026-06-01T20:00:00Z')
  clock.set('2026-06-24T09:00:00Z')
  await look(clock)
  await look(clock)
  assert.deepEqual(await runsOf('one-by-one'), ['2026-06-24T09:00:00.000Z 2026-06-08T13:00:00.000Z'])
})

test('looks taken at the same time make one run of an occurrence', async () => {
  const clock = await scheduled('raced', mondaysAtSix, '2026-06-01T20:00:00Z')
  clock.set('2026-06-08T13:00:01Z')
  await Promise.all(Array.from({ length: 5 }, () => look(clock)))
  assert.deepEqual(await runsOf('raced'), ['2026-06-08T13:00:01.000Z 2026-06-08T13:00:00.000Z'])
})

test('a clock set back over an occurrence does not run it again', async () => {
  const clock = await scheduled('set-back', mondaysAtSix, '2026-06-01T20:00:00Z')
  await live(clock, 'set-back', '2026-06-08T13:00:00Z', 6 * HOUR)
  clock.set('2026-06-08T12:30:00Z')
  await live(clock, 'set-back', '2026-06-08T14:00:00Z', HOUR / 2)
  await live(clock, 'set-back', '2026-06-15T14:00:00Z', 6 * HOUR)
  assert.deepEqual(await happenings('set-back'), ['fired 2026-06-08T13:00:00.000Z', 'fired 2026-06-15T13:00:00.000Z'])
})

test('a clock that was years ahead for a moment does not silence a schedule for years', async () => {
  const clock = await scheduled('far-ahead', { ...mondaysAtSix, catchUp: 'skip' }, '2026-06-01T20:00:00Z')
  clock.set('2031-01-01T00:00:00Z')
  await look(clock)
  clock.set('2026-06-02T01:00:00Z')
  await live(clock, 'far-ahead', '2026-06-16T00:00:00Z', 6 * HOUR)
  assert.deepEqual((await happenings('far-ahead')).slice(1), ['fired 2026-06-08T13:00:00.000Z', 'fired 2026-06-15T13:00:00.000Z'])
})
