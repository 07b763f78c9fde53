import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Database } from '../../src/database/schema.js'
import { keepable } from '../../src/database/keepable.js'
import { appendEvent, readEvents } from '../../src/runs/event.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase()
  database = running.database
})
after(() => running.stop())

test('what files and programs say can be kept, whatever characters it has', async () => {
  const data = { value: 'ab\0c', 'half\ud800': 'a pair \u{1f600} and \udc00', path: String.raw`C:\u0000 \\u0000`, nested: [{ why: '\0' }] }
  await appendEvent(database, { at: new Date(), actor: 'an actor\0', kind: 'drop.quarantined', data })
  const [event] = await readEvents(database, { limit: 1 })
  assert.deepEqual(event?.data, { value: 'ab\ufffdc', 'half\ufffd': 'a pair \u{1f600} and \ufffd', path: String.raw`C:\u0000 \\u0000`, nested: [{ why: '\ufffd' }] })
  assert.equal(event.actor, 'an actor\ufffd')
})

test('what can be kept is left alone', () => {
  for (const value of ['', 'plain', String.raw`no JSON: \u0000`, JSON.stringify({ path: String.raw`\u0000` }), 7, null]) assert.equal(keepable(value), value)
})
