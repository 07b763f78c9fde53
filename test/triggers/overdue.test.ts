import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { recordDrop } from '../../src/drops/record.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { listModels, registerModels } from '../../src/registry/models.js'
import { readEvents } from '../../src/runs/event.js'
import { noteOverdueDrops } from '../../src/triggers/overdue.js'
import { uploadSource } from '../../src/sources/upload/adapter.js'
import { startTriggers } from '../../src/triggers/triggers.js'
import { until } from '../support/running-project.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { settableClock, type SettableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

const DAY = 86_400_000

let running: RunningDatabase
before(async () => {
  running = await startDatabase()
})
after(() => running.stop())

async function expecting(name: string, start: string): Promise<SettableClock> {
  const clock = settableClock(start)
  await registerModels(running.database, clock, projectOf(modelNamed(name, { dropsOverdueMilliseconds: 8 * DAY })), 'test')
  return clock
}

async function look(clock: SettableClock): Promise<void> {
  await noteOverdueDrops(running.database, clock, await listModels(running.database))
}

async function arrive(model: string, key: string, clock: SettableClock): Promise<void> {
  const arrival = { model, source: 'upload', key, sourceVersion: key, actor: 'test' }
  await recordDrop(running.database, filesystemObjects(join(running.folder, 'objects')), clock, arrival, Readable.from([`${key}\n`]))
}

/** When the drops of a model were overdue, and since when none had come. */
async function overdue(model: string): Promise<readonly string[]> {
  const events = await readEvents(running.database, { model, kinds: ['drop.overdue'], limit: 1000 })
  return events.map(({ at, data }) => `${at.slice(0, 10)} since ${String(data['since']).slice(0, 10)}${data['dropsBefore'] === true ? '' : ', before the first'}`)
}

/** Looks twice a day until then. */
async function live(clock: SettableClock, end: string): Promise<void> {
  while (clock.now() < new Date(end)) {
    clock.advance(DAY / 2)
    await look(clock)
    await look(clock)
  }
}

test('a drop is overdue once for each time that none comes for too long', async () => {
  const clock = await expecting('weekly', '2026-03-02T06:00:00Z')
  await live(clock, '2026-03-20T00:00:00Z')
  await arrive('weekly', 'week-01.csv', clock)
  await live(clock, '2026-03-27T00:00:00Z')
  await arrive('weekly', 'week-02.csv', clock)
  await live(clock, '2026-05-01T00:00:00Z')
  await arrive('weekly', 'week-03.csv', clock)
  await live(clock, '2026-05-05T00:00:00Z')
  assert.deepEqual(await overdue('weekly'), ['2026-03-10 since 2026-03-02, before the first', '2026-04-04 since 2026-03-27'])
})

test('a clock that was years ahead for a moment does not silence what is overdue later', async () => {
  const clock = await expecting('jumping', '2026-03-02T06:00:00Z')
  clock.set('2031-01-01T00:00:00Z')
  await look(clock)
  clock.set('2026-03-03T06:00:00Z')
  await live(clock, '2026-03-15T00:00:00Z')
  assert.deepEqual((await overdue('jumping')).filter((line) => line.startsWith('2026')), ['2026-03-10 since 2026-03-02, before the first'])
})

test('two that look at the same time tell it once', async () => {
  const clock = await expecting('twice', '2026-03-02T06:00:00Z')
  clock.advance(9 * DAY)
  await Promise.all([look(clock), look(clock), look(clock), look(clock)])
  assert.equal((await overdue('twice')).length, 1)
})

test('the control server looks for it, after a minute in which it records what came while it was away', async (t) => {
  const clock = await expecting('watched', '2026-03-02T06:00:00Z')
  clock.advance(9 * DAY)
  const triggers = startTriggers({
    database: running.database,
    objects: filesystemObjects(join(running.folder, 'objects')),
    clock,
    openSource: () => uploadSource,
    lookEvery: 5000,
    settleFor: 1000,
    log: { warn: () => undefined, error: (message) => assert.fail(message) },
  })
  t.after(() => triggers.stop())
  for (let look = 0; look < 8; look += 1) {
    clock.advance(5000)
    triggers.hint()
    await triggers.announced()
  }
  assert.deepEqual(await overdue('watched'), [])
  await until('the event', async () => {
    clock.advance(5000)
    return (await overdue('watched'))[0]
  })
  assert.ok(clock.now().getTime() - Date.parse('2026-03-11T06:00:00Z') >= 60_000)
})
