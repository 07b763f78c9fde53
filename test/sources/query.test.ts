import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { RefitError } from '../../src/errors.js'
import type { QueryOptions } from '../../src/sources/query/definition.js'
import { querySource } from '../../src/sources/query/adapter.js'
import type { ListedObject, Source } from '../../src/sources/source.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { salesTable, type Sales } from './sales-database.js'

let running: RunningDatabase
before(async () => {
  running = await startDatabase()
})
after(() => running.stop())

const { signal } = new AbortController()
const withTime = 'id int, updated_at timestamptz, note text'

/** The drop that a look finds; undefined when there is nothing new. */
async function next(source: Source, watermark?: string): Promise<ListedObject | undefined> {
  const [drop, ...others] = await source.list({ signal, watermark })
  assert.deepEqual(others, [])
  return drop
}

/** What a look finds and reads, and where it goes on. */
async function take(source: Source, watermark?: string): Promise<{ readonly key: string; readonly csv: string; readonly watermark: string | undefined }> {
  const drop = await next(source, watermark)
  assert.ok(drop !== undefined)
  return { key: drop.key, csv: await text(await source.open(drop)), watermark: drop.watermark }
}

/** First columns of the rows of a CSV text. */
function ids(csv: string): readonly string[] {
  return csv.trim().split('\n').slice(1).map((line) => line.split(',')[0] ?? '')
}

function unreadable(reason: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RefitError && error.code === 'source-unreadable' && reason.test(error.message)
}

test('each look takes the rows beyond the former watermark, and nothing when there are none', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  assert.equal(await next(source()), undefined)
  await client.query(`insert into ${table} values (2, '2026-01-02T08:00:00.000001Z', 'b'), (1, '2026-01-01Z', 'a')`)
  const first = await take(source())
  assert.deepEqual([first.key, first.csv], ['2026-01-02T08-00-00.000001Z.csv', 'id,updated_at,note\n1,2026-01-01 00:00:00+00,a\n2,2026-01-02 08:00:00.000001+00,b\n'])
  assert.equal(await next(source(), first.watermark), undefined)
  await client.query(`insert into ${table} values (3, '2026-01-02T08:00:00.000002Z', 'c')`)
  const second = await take(source(), first.watermark)
  assert.deepEqual([second.key, ids(second.csv)], ['2026-01-02T08-00-00.000002Z.csv', ['3']])
})

test('nulls, quotes, line breaks and every letter come through', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  const notes = [null, '', 'say "no", twice', 'two\nlines\r\n', 'a,b;c\td', '\\N \\. ', "O'Brien", '日本語 🏠', ' padded ']
  for (const [index, note] of notes.entries()) await client.query(`insert into ${table} values ($1, '2026-01-01Z', $2)`, [index, note])
  const { csv } = await take(source({ query: `select id, updated_at, note from ${table} where updated_at > $watermark order by id;` }))
  const cells = ['', '""', '"say ""no"", twice"', '"two\nlines\r\n"', '"a,b;c\td"', '\\N \\. ', "O'Brien", '日本語 🏠', ' padded ']
  assert.equal(csv, `id,updated_at,note\n${cells.map((cell, index) => `${index},2026-01-01 00:00:00+00,${cell}\n`).join('')}`)
})

test('a watermark is a timestamp, a date, an integer or a text', async (t) => {
  const kinds = [
    ['timestamptz', "'2026-01-01T10:00:00+02'", "'2026-01-01T10:00:01+02'", '2026-01-01T08-00-00Z.csv'],
    ['timestamp', "'2026-01-01 10:00:00'", "'2026-01-01 10:00:00.5'", '2026-01-01T10-00-00Z.csv'],
    ['date', "'2026-01-01'", "'2026-01-02'", '2026-01-01.csv'],
    ['smallint', '-5', '-4', '-5.csv'],
    ['integer', '9', '10', '9.csv'],
    ['bigint', '9007199254740992', '9007199254740993', '9007199254740992.csv'],
    ['text', "'b''s'", "'c'", /^b-s-[0-9a-f]{8}\.csv$/],
    ['varchar(9)', "'2026-w05'", "'2026-w06'", '2026-w05.csv'],
  ] as const
  for (const [type, former, later, key] of kinds) {
    const { client, table, source } = await salesTable(t, running, `id int, updated_at ${type}`)
    await client.query(`insert into ${table} values (1, ${former})`)
    const first = await take(source())
    if (typeof key === 'string') assert.equal(first.key, key, type)
    else assert.match(first.key, key)
    assert.deepEqual(ids(first.csv), ['1'], type)
    await client.query(`insert into ${table} values (2, ${later})`)
    assert.deepEqual(ids((await take(source(), first.watermark)).csv), ['2'], type)
  }
})

test('rows from the future, and those of today where the watermark is a date, wait until their time has come', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  await client.query(`insert into ${table} values (1, '2026-01-01Z', null), (2, '2105-01-01Z', null), (3, 'infinity', null), (4, null, null)`)
  const first = await take(source())
  assert.deepEqual(ids(first.csv), ['1'])
  await client.query(`insert into ${table} values (5, '2026-01-02Z', null)`)
  assert.deepEqual(ids((await take(source(), first.watermark)).csv), ['5'])
  const daily = await salesTable(t, running, 'id int, updated_at date')
  await daily.client.query(`insert into ${daily.table} values (1, (now() at time zone 'UTC')::date - 1), (2, (now() at time zone 'UTC')::date)`)
  assert.deepEqual(ids((await take(daily.source())).csv), ['1'])
})

test('rows that were changed are taken again, those changed while they were to be read with the next look', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  await client.query(`insert into ${table} values (1, '2026-01-01Z', 'a'), (2, '2026-01-02Z', 'b')`)
  const reading = source()
  const drop = await next(reading)
  assert.ok(drop !== undefined)
  await client.query(`update ${table} set note = 'later', updated_at = '2026-01-03Z' where id = 1`)
  assert.deepEqual(ids(await text(await reading.open(drop))), ['2'])
  assert.deepEqual(ids((await take(reading, drop.watermark)).csv), ['1'])
})

test('when all that was announced has moved on or gone, there is no drop without rows', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  await client.query(`insert into ${table} values (1, '2026-01-01Z', 'a')`)
  const reading = source()
  const drop = await next(reading)
  assert.ok(drop !== undefined)
  await client.query(`update ${table} set updated_at = '2026-01-03Z'`)
  await assert.rejects(reading.open(drop), (error) => error instanceof RefitError && error.code === 'source-object-gone')
  assert.deepEqual(ids((await take(reading)).csv), ['1'])
  await assert.rejects(source().open(drop), (error) => error instanceof RefitError && error.code === 'source-object-gone')
})

test('with an overlap, rows that were committed late are taken with those around them, and nothing is when none was', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  const overlapping = (): Source => source({ overlap: '5 minutes' })
  await client.query(`insert into ${table} values (1, '2026-01-01T00:00:00Z', 'a'), (2, '2026-01-01T00:10:00Z', 'b')`)
  const first = await take(overlapping())
  assert.deepEqual(ids(first.csv), ['1', '2'])
  assert.equal(await next(overlapping(), first.watermark), undefined)
  await client.query(`insert into ${table} values (3, '2026-01-01T00:06:00Z', 'late'), (4, '2026-01-01T00:04:00Z', 'too late')`)
  const second = await take(overlapping(), first.watermark)
  assert.deepEqual(ids(second.csv), ['3', '2'])
  assert.notEqual(second.key, first.key)
  assert.equal(await next(overlapping(), second.watermark), undefined)
  await client.query(`insert into ${table} values (5, '2026-01-01T00:11:00Z', 'c')`)
  const third = await take(overlapping(), second.watermark)
  assert.deepEqual(ids(third.csv), ['3', '2', '5'])
  assert.equal(await next(overlapping(), third.watermark), undefined)
})

test('an overlap of integers is a number', async (t) => {
  const { client, table, source } = await salesTable(t, running, 'id int, updated_at bigint')
  await client.query(`insert into ${table} select number, number from generate_series(1, 20) number where number <> 15`)
  const first = await take(source({ overlap: 10 }))
  await client.query(`insert into ${table} values (15, 15)`)
  assert.deepEqual(ids((await take(source({ overlap: 10 }), first.watermark)).csv), ['11', '12', '13', '14', '15', '16', '17', '18', '19', '20'])
})

test('what cannot be asked is told in words, never with the password', async (t) => {
  const sales = await salesTable(t, running, 'id int, updated_at timestamptz, place point')
  const refused: readonly (readonly [Partial<QueryOptions>, RegExp])[] = [
    [{ query: 'select 1 as one' }, /gives no column updated_at; it gives one/],
    [{ query: `selec * from ${sales.table}` }, /syntax error/],
    [{ query: `delete from ${sales.table} returning *` }, /syntax error/],
    [{ query: `select * from ${sales.table}; drop table ${sales.table}` }, /syntax error/],
    [{ query: 'select * from nowhere' }, /relation "nowhere" does not exist/],
    [{ watermark: 'place' }, /the watermark place has a type that is none of: timestamp/],
    [{ watermark: 'id', overlap: '5 minutes' }, /overlap of a watermark of type int4 must be a number/],
    [{ overlap: 5 }, /overlap of a watermark of type timestamptz must be a duration/],
    [{ database: 'mysql://reader:pass-word@127.0.0.1/sales' }, /no connection string of PostgreSQL/],
    [{ database: 'postgres://reader:pass-word@127.0.0.1:1/sales' }, /ECONNREFUSED/],
  ]
  for (const [options, reason] of refused) {
    await assert.rejects(sales.source(options).list({ signal, watermark: undefined }), (error) => {
      assert.ok(unreadable(reason)(error), String(error))
      return !String(error).includes('pass-word')
    })
  }
  await assert.rejects(querySource({ database: '${secret:NO_SUCH_VARIABLE}', query: 'select 1', watermark: 'x', every: '1 day' }).list({ signal, watermark: undefined }), { code: 'secret-missing' })
})

test('a query cannot write, whatever it calls', async (t) => {
  const { client, table, source } = await salesTable(t, running, withTime)
  await client.query(`create function ${table}_write() returns int language sql as $$ insert into ${table} values (9, now(), 'written') returning id $$`)
  await assert.rejects(source({ query: `select ${table}_write() as id, now() as updated_at` }).list({ signal, watermark: undefined }), unreadable(/read-only/))
})

test('a query that takes long ends with the look', async (t) => {
  const { client, source } = await salesTable(t, running, withTime)
  const looking = new AbortController()
  const listing = source({ query: 'select now() as updated_at, pg_sleep(600)' }).list({ signal: looking.signal, watermark: undefined })
  await waitUntil(async () => (await client.query("select from pg_stat_activity where application_name = 'refit-source' and query like '%pg_sleep%' and state = 'active'")).rowCount === 1)
  looking.abort()
  await assert.rejects(listing, { name: 'AbortError' })
})

test('a connection that breaks off in the middle gives no drop that looks whole', async (t) => {
  const sales = await salesTable(t, running, withTime)
  await fill(sales)
  const source = sales.source()
  const drop = await next(source)
  assert.ok(drop !== undefined)
  const content = await source.open(drop)
  const reading = content.iterator()
  await reading.next()
  await sales.client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'refit-source'")
  await assert.rejects(async () => {
    for (;;) if ((await reading.next()).done === true) return
  }, unreadable(/terminat|connection/i))
})

test('a reader that gives up lets go of the connection, and so does a source that is stopped', async (t) => {
  const sales = await salesTable(t, running, withTime)
  await fill(sales)
  const none = async (): Promise<boolean> => (await sales.client.query("select from pg_stat_activity where application_name = 'refit-source'")).rowCount === 0
  const source = sales.source()
  const drop = await next(source)
  assert.ok(drop !== undefined)
  const content = await source.open(drop)
  await content.iterator().next()
  content.destroy()
  await waitUntil(none)
  const stop = await source.watch(() => undefined)
  const reading = (await source.open(drop)).iterator()
  await reading.next()
  await stop()
  await assert.rejects(async () => {
    for (;;) if ((await reading.next()).done === true) return
  }, unreadable(/connection/i))
  await waitUntil(none)
})

/** More rows than any buffer on the way holds: some 40 MB. */
async function fill({ client, table }: Sales): Promise<void> {
  await client.query(`insert into ${table} select number, '2026-01-01Z'::timestamptz + number * interval '1 second', repeat('x', 400) from generate_series(1, 100000) number`)
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

