import assert from 'node:assert/strict'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { systemClock } from '../../src/clock.js'
import type { Drop } from '../../src/drops/drop.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { registerModels } from '../../src/registry/models.js'
import { query } from '../../src/sources/query/definition.js'
import { seededRandom } from '../support/seeded-random.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { recordedUntil, recordWithKills } from './recording.js'
import { salesTable, type Sales } from './sales-database.js'

let running: RunningDatabase
before(async () => {
  running = await startDatabase({ connections: 5 })
})
after(() => running.stop())

test('each row is in exactly one drop, however often the recording dies', async (t) => {
  const random = seededRandom(t)
  const sales = await salesTable(t, running, 'id bigserial, updated_at timestamptz')
  await define('killed', sales, {})
  const writer = writeUntilStopped(t, sales, () => delay(random.below(8)))
  await recordWithKills(t, running, random)
  const written = await writer.stop()
  const drops = await recordedUntil(t, running, 'killed', has(written))
  assert.deepEqual((await idsOf(drops)).toSorted((a, b) => a - b), Array.from({ length: written }, (_, index) => index + 1))
  assert.ok(drops.length > 1)
  for (const drop of drops) assert.ok(drop.bytes > 'id,updated_at\n'.length, drop.key)
})

test('with an overlap, the rows of many writers who commit out of order all come', async (t) => {
  const random = seededRandom(t)
  const sales = await salesTable(t, running, 'id bigserial, updated_at timestamptz')
  await define('many-writers', sales, { overlap: '1 minute' })
  const writers = Array.from({ length: 4 }, () => writeUntilStopped(t, sales, () => delay(random.below(60))))
  await recordWithKills(t, running, random)
  const written = (await Promise.all(writers.map((writer) => writer.stop()))).reduce((sum, rows) => sum + rows, 0)
  const drops = await recordedUntil(t, running, 'many-writers', has(written))
  assert.deepEqual([...new Set(await idsOf(drops))].toSorted((a, b) => a - b), Array.from({ length: written }, (_, index) => index + 1))
})

async function define(model: string, { table, url }: Sales, options: { readonly overlap?: '1 minute' }): Promise<void> {
  const source = query({ database: url, query: `select * from ${table}`, watermark: 'updated_at', every: '15 milliseconds', ...options })
  await registerModels(running.database, systemClock, projectOf(modelNamed(model, { source, triggers: [] })), 'test')
}

/** Inserts row after row, each in a transaction that is open for a while after its time was taken. Gives their number. */
function writeUntilStopped(t: TestContext, { table, url }: Sales, pause: () => Promise<void>): { stop(): Promise<number> } {
  const stopped = new AbortController()
  let rows = 0
  const write = async (): Promise<void> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    while (!stopped.signal.aborted) {
      await client.query('begin')
      await client.query(`insert into ${table} (updated_at) values (clock_timestamp())`)
      await pause()
      await client.query('commit')
      rows += 1
    }
    await client.end()
  }
  const written = write()
  t.after(() => stopped.abort())
  return {
    stop: async () => {
      stopped.abort()
      await written
      return rows
    },
  }
}

const has = (rows: number) => async (drops: readonly Drop[]): Promise<boolean> => new Set(await idsOf(drops)).size >= rows

async function idsOf(drops: readonly Drop[]): Promise<readonly number[]> {
  const objects = filesystemObjects(join(running.folder, 'objects'))
  const contents = await Promise.all(drops.map(async ({ object }) => text(await objects.read(object))))
  return contents.flatMap((csv) => csv.trim().split('\n').slice(1).map((line) => Number(line.split(',')[0])))
}
