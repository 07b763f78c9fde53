import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { openCache, type Cache } from './cache.js'

const HOUR_MS = 60 * 60_000

async function newCache(t: TestContext, mostBytes: number): Promise<{ readonly cache: Cache; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-copies-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return { cache: openCache(folder, mostBytes), folder }
}

function keyOf(content: string): string {
  return `parts/${createHash('sha256').update(content).digest('hex')}.parquet`
}

async function keep(cache: Cache, content: string): Promise<string> {
  return cache.keep(await cache.receive(Readable.from([content])), keyOf(content))
}

async function ago(path: string, hours: number): Promise<void> {
  const then = new Date(Date.now() - hours * HOUR_MS)
  await utimes(path, then, then)
}

test('above its size the copies that were not asked for longest go first, as many as have to', async (t) => {
  const { cache } = await newCache(t, 3000)
  const [oldest, asked, young, newest] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(1000))
  for (const [index, content] of [oldest, asked, young].entries()) await ago(await keep(cache, content ?? ''), 30 - index)
  assert.ok((await cache.find(keyOf(asked ?? ''))) !== undefined)
  await keep(cache, newest ?? '')
  assert.equal(await cache.find(keyOf(oldest ?? '')), undefined)
  for (const content of [asked, young, newest]) assert.ok((await cache.find(keyOf(content ?? ''))) !== undefined)
})

test('what was asked for in the last hours stays, though it is more than there should be', async (t) => {
  const { cache } = await newCache(t, 1000)
  const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(1000))
  for (const content of contents) await ago(await keep(cache, content), 5)
  await keep(cache, 'd'.repeat(1000))
  for (const content of contents) assert.ok((await cache.find(keyOf(content))) !== undefined)
})

test('what a crash has left aside goes after a while, and what comes in now stays', async (t) => {
  const { cache, folder } = await newCache(t, 1000)
  const incoming = await cache.receive(Readable.from(['coming in']))
  const left = join(folder, '.incoming', 'left')
  await writeFile(left, 'half of it')
  await ago(left, 10)
  await keep(cache, 'x'.repeat(500))
  assert.deepEqual(await readdir(join(folder, '.incoming')), [incoming.path.slice(join(folder, '.incoming').length + 1)])
})
