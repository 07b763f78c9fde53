import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Database } from '../../src/database/schema.js'
import type { DropReading } from '../../src/data/snapshot.js'
import type { Drop } from '../../src/drops/drop.js'
import { getDrop, ingestedDrops, waitingDrops } from '../../src/drops/queries.js'
import { newestWatermark, recordDrop, recordDropOfFiles } from '../../src/drops/record.js'
import { decideDrops, settleDrops } from '../../src/drops/settle.js'
import { RefitError } from '../../src/errors.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import type { ObjectStore } from '../../src/objects/object-store.js'
import { registerModels } from '../../src/registry/models.js'
import { readEvents } from '../../src/runs/event.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { settableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let database: Database
let objects: ObjectStore
before(async () => {
  running = await startDatabase({ connections: 20 })
  database = running.database
  objects = filesystemObjects(join(running.folder, '.refit', 'objects'))
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

/** Announces content under a name, as a source that tells versions or as an upload, which does not. */
function announce(content: string | Readable, { key = 'week-01.csv', version }: { key?: string; version?: string } = {}, store = objects): ReturnType<typeof recordDrop> {
  const arrival = { model, source: version === undefined ? 'upload' : 'folder:drops', key, sourceVersion: version, actor: 'tester' }
  return recordDrop(database, store, clock, arrival, typeof content === 'string' ? Readable.from([content]) : content)
}

const told = async (): Promise<readonly string[]> => (await readEvents(database, { model, limit: 1000 })).map(({ kind }) => kind).filter((kind) => kind.startsWith('drop.'))
const waitingIds = async (): Promise<readonly string[]> => (await waitingDrops(database, model)).map(({ id }) => id)

/** Takes what waits, as an ingest does: all of it is accepted unless its content says otherwise. */
async function ingest(run: string): Promise<void> {
  const waiting = await waitingDrops(database, model)
  const decisions = decideDrops(waiting, await ingestedDrops(database, model), new Map(await Promise.all(waiting.map(async (drop) => [drop.id, await reading(drop)] as const))))
  await database.transaction().execute((transaction) => settleDrops(transaction, clock, run, decisions))
}

async function reading(drop: Drop): Promise<DropReading> {
  if ((await text(await objects.read(drop.object))).includes('bad')) return { accepted: false, faults: [{ code: 'wrong-type', column: 'price', message: 'Column price holds text.' }] }
  return { accepted: true, part: { drop: drop.id, object: `parts/${drop.sha256}.parquet`, sha256: drop.sha256, rows: 1, bytes: 1 } }
}

/** State of every drop in the order of arrival, and by which one it was superseded. */
async function states(): Promise<readonly string[]> {
  const rows = await database.selectFrom('drops').select(['id', 'state', 'superseded_by']).where('model', '=', model).execute()
  const number = (id: string): number => Number(id.slice(`${model}-d`.length))
  return rows
    .toSorted((a, b) => number(a.id) - number(b.id))
    .map(({ id, state, superseded_by: by }) => `d${number(id)} ${state}${by === null ? '' : ` by d${number(by)}`}`)
}

test('a drop announced by many at once is recorded once', async () => {
  const announced = await Promise.all(Array.from({ length: 12 }, () => announce('id,price\n1,100\n', { version: 'v1' })))
  assert.equal(announced.filter(({ isNew }) => isNew).length, 1)
  assert.deepEqual(new Set(announced.map(({ drop }) => drop.id)), new Set([`${model}-d1`]))
  assert.equal((await announce('id,price\n1,100\n', { version: 'v1' })).isNew, false)
  assert.deepEqual(await told(), ['drop.recorded'])
})

test('an upload sent by many at once, without versions, is recorded once', async () => {
  const announced = await Promise.all(Array.from({ length: 12 }, () => announce('id,price\n1,100\n')))
  assert.equal(announced.filter(({ isNew }) => isNew).length, 1)
  assert.deepEqual(await told(), ['drop.recorded'])
})

test('different drops recorded at the same time get numbers without a gap', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, index) => announce(`${index}`, { key: `week-${index}.csv`, version: 'v1' })))
  assert.deepEqual(await waitingIds(), Array.from({ length: 12 }, (_, index) => `${model}-d${index + 1}`))
})

test('a touched drop is the same one under its new version', async () => {
  await announce('id,price\n1,100\n', { version: 'v1' })
  const touched = await announce('id,price\n1,100\n', { version: 'v2' })
  assert.equal(touched.isNew, false)
  assert.equal((await getDrop(database, touched.drop.id)).sourceVersion, 'v2')
})

test('a former version announced late is not taken for news', async () => {
  await announce('first', { version: 'v1' })
  await announce('second', { version: 'v2' })
  const late = await announce('first', { version: 'v1' })
  assert.deepEqual([late.isNew, late.drop.id], [false, `${model}-d1`])
})

test('the raw bytes are in the store before the drop is in the table', async () => {
  const watching: ObjectStore = {
    ...objects,
    put: async (...given) => {
      const stored = await objects.put(...given)
      assert.deepEqual(await waitingIds(), [])
      assert.equal(await objects.has(stored.key), true)
      return stored
    },
  }
  const { drop } = await announce('id,price\n1,100\n', { version: 'v1' }, watching)
  assert.equal(await text(await objects.read(drop.object)), 'id,price\n1,100\n')
  assert.deepEqual([drop.bytes, drop.object], [15, `raw/${drop.sha256}`])
})

test('content that breaks off is no drop, and can be announced again', async () => {
  const broken = Readable.from(
    (async function* () {
      yield 'id,price\n'
      await Promise.resolve()
      throw new Error('the line is cut')
    })(),
  )
  await assert.rejects(announce(broken, { version: 'v1' }), /the line is cut/)
  assert.deepEqual(await states(), [])
  assert.equal((await announce('id,price\n1,100\n', { version: 'v1' })).drop.id, `${model}-d1`)
})

test('a store that is full records nothing', async () => {
  const full: ObjectStore = { ...objects, put: () => Promise.reject(new Error('no space left')) }
  await assert.rejects(announce('id,price\n', { version: 'v1' }, full), /no space left/)
  assert.deepEqual([await states(), await told()], [[], []])
})

test('a model that is not in the project takes no drops', async () => {
  await registerModels(database, clock, projectOf(modelNamed(`${model}-other`)), 'test')
  await assert.rejects(announce('id,price\n', { version: 'v1' }), (error) => error instanceof RefitError && error.code === 'not-found')
})

test('a drop delivered again under its name supersedes the former one once it is accepted', async () => {
  await announce('id,price\n1,100\n', { version: 'v1' })
  await ingest('run-1')
  await announce('id,price\n1,111\n', { version: 'v2' })
  assert.deepEqual(await states(), ['d1 ingested', 'd2 recorded'])
  await ingest('run-2')
  assert.deepEqual(await states(), ['d1 superseded by d2', 'd2 ingested'])
  assert.deepEqual(await told(), ['drop.recorded', 'drop.ingested', 'drop.recorded', 'drop.ingested', 'drop.superseded'])
  assert.equal((await getDrop(database, `${model}-d1`)).run, 'run-1')
})

test('a later delivery supersedes the former one though the clock was set back in between, and ten came before', async () => {
  for (let day = 1; day <= 9; day += 1) await announce(`day ${day}`, { key: `day-${day}.csv`, version: 'v1' })
  await announce('former', { version: 'v1' })
  clock.advance(-3_600_000)
  await announce('later', { version: 'v2' })
  await ingest('run-1')
  assert.deepEqual((await states()).slice(-2), ['d10 superseded by d11', 'd11 ingested'])
})

test('a delivery that is refused leaves the former one in the history', async () => {
  await announce('id,price\n1,100\n', { version: 'v1' })
  await ingest('run-1')
  await announce('bad', { version: 'v2' })
  await ingest('run-2')
  assert.deepEqual(await states(), ['d1 ingested', 'd2 quarantined'])
  const refused = await getDrop(database, `${model}-d2`)
  assert.match(refused.reason.summary ?? '', /Column price holds text/)
})

test('content that returns after another is a new drop and becomes the history again', async () => {
  for (const [index, content] of ['first', 'second', 'first', 'first'].entries()) {
    await announce(content)
    await ingest(`run-${index + 1}`)
  }
  assert.deepEqual(await states(), ['d1 superseded by d2', 'd2 superseded by d3', 'd3 ingested'])
})

test('the same content under another name is discarded: rows never double', async () => {
  await announce('id,price\n1,100\n', { key: 'week-01.csv', version: 'v1' })
  await announce('id,price\n1,100\n', { key: 'copy-of-week-01.csv', version: 'v1' })
  await ingest('run-1')
  assert.deepEqual(await states(), ['d1 ingested', 'd2 discarded'])
})

test('no drop is lost: each one recorded ends in one state, with its bytes kept', async () => {
  const announced = [['a.csv', 'one'], ['b.csv', 'bad'], ['c.csv', 'three'], ['a.csv', 'one again'], ['d.csv', 'three'], ['a.csv', 'bad again'], ['e.csv', 'five']] as const
  for (const [index, [key, content]] of announced.entries()) {
    await announce(content, { key, version: `v${index}` })
    if (index % 3 === 2) await ingest(`run-${index}`)
  }
  await ingest('the last run')
  assert.deepEqual(await states(), ['d1 superseded by d4', 'd2 quarantined', 'd3 ingested', 'd4 ingested', 'd5 discarded', 'd6 quarantined', 'd7 ingested'])
  for (const [index, [, content]] of announced.entries()) {
    const drop = await getDrop(database, `${model}-d${index + 1}`)
    assert.equal(await text(await objects.read(drop.object)), content)
  }
})

/** Announces files as one drop; the declared hash of a file may be given with its content. */
function announceFiles(key: string, files: Readonly<Record<string, string | readonly [content: string, declaredSha256: string]>>, version: string): ReturnType<typeof recordDropOfFiles> {
  const arrived = Object.entries(files).map(([name, file]) => {
    const [content, declaredSha256] = typeof file === 'string' ? [file, undefined] : file
    return { key: name, declaredSha256, open: () => Promise.resolve(Readable.from([content])) }
  })
  return recordDropOfFiles(database, objects, clock, { model, source: 'folder:drops', key, sourceVersion: version, actor: 'tester' }, arrived)
}

test('a drop of several files keeps each of them, and is the same one in any order and under any name', async () => {
  const { drop } = await announceFiles('week-01', { 'b.csv': 'two', 'a.csv': 'one' }, 'v1')
  assert.deepEqual((drop.files ?? []).map(({ key, bytes }) => [key, bytes]), [['a.csv', 3], ['b.csv', 3]])
  for (const [index, file] of (drop.files ?? []).entries()) assert.equal(await text(await objects.read(file.object)), ['one', 'two'][index])
  assert.deepEqual([drop.bytes, drop.object], [6, `raw/${drop.sha256}`])
  assert.match(await text(await objects.read(drop.object)), /^\{"files":\[\{"bytes":3,"key":"a\.csv"/)
  assert.equal((await announceFiles('week-01', { 'a.csv': 'one', 'b.csv': 'two' }, 'v2')).isNew, false)
  assert.equal((await announceFiles('copy', { 'a.csv': 'one', 'b.csv': 'two' }, 'v1')).drop.sha256, drop.sha256)
  const others = [{ 'a.csv': 'two', 'b.csv': 'one' }, { 'a.csv': 'one' }, { 'a.csv': 'one', 'c.csv': 'two' }]
  for (const [index, files] of others.entries()) assert.equal((await announceFiles('week-01', files, `v${index + 3}`)).isNew, true)
})

test('a file with another content than was declared is kept as such', async () => {
  const right = createHash('sha256').update('one').digest('hex')
  const wrong = createHash('sha256').update('two').digest('hex')
  const { drop } = await announceFiles('week-01', { 'a.csv': ['one', right], 'b.csv': ['one', wrong] }, 'v1')
  assert.deepEqual(drop.files?.map(({ declaredSha256 }) => declaredSha256), [undefined, wrong])
  assert.equal((await announceFiles('week-01', { 'a.csv': ['one', right], 'b.csv': ['one', right] }, 'v2')).isNew, true)
})

test('one file that breaks off makes the whole drop none', async () => {
  const arrived = [
    { key: 'a.csv', open: () => Promise.resolve(Readable.from(['one'])) },
    { key: 'b.csv', open: () => Promise.reject(new Error('it has gone')) },
  ]
  await assert.rejects(recordDropOfFiles(database, objects, clock, { model, source: 'folder:drops', key: 'week-01', sourceVersion: 'v1', actor: 'tester' }, arrived), /it has gone/)
  assert.deepEqual(await states(), [])
})

test('of two that count on from the same watermark only one is recorded', async () => {
  const announceRows = (key: string, before: string | undefined, after: string): ReturnType<typeof recordDrop> =>
    recordDrop(database, objects, clock, { model, source: 'query:sales', key, sourceVersion: '1', actor: 'tester', watermark: { before, after } }, Readable.from([key]))
  const taken = (error: unknown): boolean => error instanceof RefitError && error.code === 'source-object-gone'
  const first = await Promise.allSettled([announceRows('5.csv', undefined, '5'), announceRows('6.csv', undefined, '6')])
  assert.deepEqual(first.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  const watermark = await newestWatermark(database, model, 'query:sales')
  assert.ok(watermark !== undefined)
  await announceRows('9.csv', watermark, '9')
  assert.equal((await announceRows('9.csv', watermark, '9')).isNew, false)
  await assert.rejects(announceRows('10.csv', watermark, '10'), taken)
  for (let number = 10; number <= 12; number += 1) await announceRows(`${number}.csv`, `${number - 1}`, `${number}`)
  assert.equal(await newestWatermark(database, model, 'query:sales'), '12')
  assert.equal(await newestWatermark(database, model, 'query:rents'), undefined)
})
