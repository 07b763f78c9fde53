import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { connect, type Connection } from '../../src/database/connection.js'
import { startEmbeddedServer, type EmbeddedServer } from '../../src/database/embedded/server.js'
import { migrate } from '../../src/database/migrate.js'
import { RefitError } from '../../src/errors.js'

let folder: string
let server: EmbeddedServer
let opened: Connection[] = []
let databases = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refit-migrate-'))
  server = await startEmbeddedServer(join(folder, '.refit'))
})

after(async () => {
  for (const connection of opened) await connection.close()
  await server.release()
  const elsewhere = await readFile(join(folder, '.refit', 'postgres-folder'), 'utf8').catch(() => undefined)
  if (elsewhere !== undefined) await rm(elsewhere.trim(), { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

test('migrating again changes nothing', async () => {
  const connection = await emptyDatabase()
  await migrate(connection.database)
  const once = await state(connection)
  assert.ok(once.length > 0)
  await migrate(connection.database)
  assert.deepEqual(await state(connection), once)
})

test('any number of processes may migrate at once', async () => {
  const first = await emptyDatabase()
  const url = first.url
  const others = [1, 2, 3, 4].map(() => open(url))
  await Promise.all([first, ...others].map(({ database }) => migrate(database)))
  const names = (await state(first)).map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)])
})

test('state of a newer program is refused and left as it is', async () => {
  const connection = await emptyDatabase()
  await migrate(connection.database)
  await sql`insert into migrations (name, sha256) values ('9999-from-the-future.sql', 'f')`.execute(connection.database)
  const before = await state(connection)
  await assert.rejects(migrate(connection.database), refusal('state-newer', '9999-from-the-future.sql'))
  assert.deepEqual(await state(connection), before)
  // The lock is not left behind.
  await assert.rejects(migrate(open(connection.url).database), refusal('state-newer', '9999-from-the-future.sql'))
})

test('a migration that was applied in another form is refused', async () => {
  const connection = await emptyDatabase()
  await migrate(connection.database)
  await sql`update migrations set sha256 = 'other' where name = '0001-lifecycle.sql'`.execute(connection.database)
  await assert.rejects(migrate(connection.database), refusal('state-diverged', '0001-lifecycle.sql'))
})

function refusal(code: string, words: string): (error: unknown) => boolean {
  return (error) => error instanceof RefitError && error.code === code && error.message.includes(words)
}

async function emptyDatabase(): Promise<Connection> {
  databases += 1
  const name = `test_${databases}`
  await open(server.url).pool.query(`create database ${name}`)
  return open(server.url.replace('/refit?', `/${name}?`))
}

function open(url: string): Connection {
  const connection = connect(url, { applicationName: 'test' })
  opened = [...opened, connection]
  return connection
}

async function state(connection: Connection): Promise<readonly { readonly name: string; readonly applied_at: Date }[]> {
  return (await connection.pool.query<{ name: string; applied_at: Date }>('select name, sha256, applied_at from migrations order by name')).rows
}
