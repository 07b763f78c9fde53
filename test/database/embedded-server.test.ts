import assert from 'node:assert/strict'
import { lstat, rm, symlink } from 'node:fs/promises'
import { test } from 'node:test'
import { Client } from 'pg'
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/database/embedded/server.js'
import { isOutage } from '../../src/database/outage.js'
import { newStateFolder, startUser } from './server-user.js'

test('a server starts, keeps what was committed, and stops with its last user', async (context) => {
  const stateFolder = await newStateFolder(context)
  const first = await startEmbeddedServer(stateFolder)
  await ask(first.url, 'create table kept as select 42 as answer')
  await first.release()
  await assert.rejects(ask(first.url, 'select 1'), isOutage)
  const second = await startEmbeddedServer(stateFolder)
  assert.deepEqual(await ask(second.url, 'select answer from kept'), [{ answer: 42 }])
  const third = await startEmbeddedServer(stateFolder)
  await second.release()
  assert.deepEqual(await ask(third.url, 'select answer from kept'), [{ answer: 42 }])
  await third.release()
  await assert.rejects(ask(third.url, 'select 1'), isOutage)
})

test('a server outlives the kill -9 of the process that started it, and is adopted', async (context) => {
  const stateFolder = await newStateFolder(context)
  const starter = await startUser(context, stateFolder)
  await starter.kill()
  assert.equal((await ask(starter.url, 'select 1 as one')).length, 1)
  const adopter = await startUser(context, stateFolder)
  assert.equal(adopter.name, starter.name)
  await adopter.release()
  await assert.rejects(ask(starter.url, 'select 1'), isOutage)
})

test('several processes at once get one server, and the last one out stops it', async (context) => {
  const stateFolder = await newStateFolder(context)
  const users = await Promise.all([1, 2, 3, 4].map(() => startUser(context, stateFolder)))
  assert.equal(new Set(users.map(({ name }) => name)).size, 1)
  const [last, ...others] = users
  assert.ok(last !== undefined)
  await Promise.all(others.map((user) => user.release()))
  await ask(last.url, 'select 1')
  await last.release()
  await assert.rejects(ask(last.url, 'select 1'), isOutage)
  assert.equal(await stopEmbeddedServer(stateFolder), false)
})

test('all may let go at once, and come again while it stops', async (context) => {
  const stateFolder = await newStateFolder(context)
  for (let round = 0; round < 3; round += 1) {
    const users = await Promise.all([1, 2, 3].map(() => startEmbeddedServer(stateFolder)))
    const leaving = users.map((user) => user.release())
    const comer = await startEmbeddedServer(stateFolder)
    await Promise.all(leaving)
    assert.deepEqual(await ask(comer.url, 'select 1 as one'), [{ one: 1 }])
    await comer.release()
    await assert.rejects(ask(comer.url, 'select 1'), isOutage)
  }
})

test('a server that was killed is revived with what was committed', async (context) => {
  const stateFolder = await newStateFolder(context)
  const server = await startEmbeddedServer(stateFolder)
  await ask(server.url, 'create table kept as select 42 as answer')
  assert.equal(await stopEmbeddedServer(stateFolder), true)
  await server.revive()
  assert.deepEqual(await ask(server.url, 'select answer from kept'), [{ answer: 42 }])
  await server.revive()
  await server.release()
})

test('a path longer than a socket may have, with blanks and signs in it, works', async (context) => {
  const stateFolder = await newStateFolder(context, 'a project of "ours" & 50% #1', 'x'.repeat(120))
  const server = await startEmbeddedServer(stateFolder)
  const host = new URL(server.url).searchParams.get('host') ?? ''
  assert.ok(Buffer.byteLength(`${host}/.s.PGSQL.5432`) <= 107)
  assert.ok((await lstat(host)).isSymbolicLink())
  context.after(() => rm(host, { force: true }))
  assert.deepEqual(await ask(server.url, 'select 1 as one'), [{ one: 1 }])
  await server.release()
})

test('a server is known for its own also through a link to the project', async (context) => {
  const stateFolder = await newStateFolder(context, 'project')
  const link = `${stateFolder}-link`
  await symlink(stateFolder, link)
  const server = await startEmbeddedServer(link)
  await ask(server.url, 'select 1')
  await server.release()
  await assert.rejects(ask(server.url, 'select 1'), isOutage)
  assert.equal(await stopEmbeddedServer(stateFolder), false)
})

async function ask(url: string, query: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(query)).rows
  } finally {
    await client.end()
  }
}
