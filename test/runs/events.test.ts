import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../src/database/schema.js'
import { appendEvent, latestCursor, readEvents, type RecordedEvent } from '../../src/runs/event.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase({ connections: 12 })
  database = running.database
})
after(() => running.stop())

const WRITERS = 6
const TRANSACTIONS = 10
const EVENTS = 3

async function append(transaction: Database, model: string, data: Readonly<Record<string, unknown>>): Promise<void> {
  await appendEvent(transaction, { at: new Date(), actor: 'test', kind: 'model.defined', model, data })
}

/** Reads on from a cursor to where nothing more is final, in pages of a few events. */
async function readOn(model: string | undefined, after: string | undefined): Promise<readonly RecordedEvent[]> {
  const read: RecordedEvent[] = []
  for (;;) {
    const page = await readEvents(database, { model, after: read.at(-1)?.cursor ?? after, limit: 7 })
    read.push(...page)
    if (page.length < 7) return read
  }
}

test('a reader who pages on while many write misses nothing, gets nothing twice, and keeps the order', async () => {
  let writing = WRITERS
  const write = async (writer: number): Promise<void> => {
    for (let turn = 0; turn < TRANSACTIONS; turn += 1) {
      await database.transaction().execute(async (transaction) => {
        for (let step = 0; step < EVENTS; step += 1) {
          await append(transaction, 'busy', { writer, turn, step })
          // Transactions of different lengths: those that began first do not end first.
          await delay(((writer * 7 + turn * 3) % 5) * step)
        }
      })
    }
    writing -= 1
  }
  const read: RecordedEvent[] = []
  const readAlong = async (): Promise<void> => {
    for (let wasWriting = true; wasWriting; ) {
      wasWriting = writing > 0
      read.push(...(await readOn('busy', read.at(-1)?.cursor)))
      await delay(10)
    }
  }
  await Promise.all([readAlong(), ...Array.from({ length: WRITERS }, (_, writer) => write(writer))])
  const named = ({ data }: RecordedEvent): string => `${String(data['writer'])}/${String(data['turn'])}/${String(data['step'])}`
  assert.equal(read.length, WRITERS * TRANSACTIONS * EVENTS)
  assert.equal(new Set(read.map(named)).size, read.length)
  // Who reads it all afterwards sees the very same order.
  assert.deepEqual((await readOn('busy', undefined)).map(({ cursor }) => cursor), read.map(({ cursor }) => cursor))
  for (let writer = 0; writer < WRITERS; writer += 1) {
    const own = read.map(named).filter((name) => name.startsWith(`${writer}/`))
    const written = Array.from({ length: TRANSACTIONS * EVENTS }, (_, index) => `${writer}/${Math.floor(index / EVENTS)}/${index % EVENTS}`)
    assert.deepEqual(own, written)
  }
})

test('what a transaction in progress may still precede is held back until it has ended', async () => {
  const start = await latestCursor(database)
  const kinds = async (): Promise<readonly unknown[]> => (await readOn(undefined, start)).map(({ data }) => data['name'])
  let finish: () => void = () => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let began: () => void = () => undefined
  const hasBegun = new Promise<void>((resolve) => {
    began = resolve
  })
  const first = database.transaction().execute(async (transaction) => {
    await append(transaction, 'held', { name: 'begun first' })
    began()
    await finished
  })
  await hasBegun
  await append(database, 'held', { name: 'begun second, ended first' })
  assert.deepEqual(await kinds(), [])
  assert.equal(await latestCursor(database), start)
  finish()
  await first
  assert.deepEqual(await kinds(), ['begun first', 'begun second, ended first'])
})

test('events of a transaction that is rolled back never appear', async () => {
  const start = await latestCursor(database)
  const rolledBack = database.transaction().execute(async (transaction) => {
    await append(transaction, 'undone', {})
    throw new Error('undo')
  })
  await assert.rejects(rolledBack, /undo/)
  await append(database, 'done', {})
  assert.deepEqual((await readOn(undefined, start)).map(({ model }) => model), ['done'])
})
