import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readDesired, writeDesired } from './desired-file.js'
import type { Desired } from './live-set.js'

const first: Desired = { model: 'house-price', version: 3, generation: 4, digest: 'a' }
const second: Desired = { model: 'price-direction', version: 1, generation: 1, digest: 'b' }

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-desired-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('what was written last is read, and nothing else is left beside it', async (context) => {
  const folder = await temporaryFolder(context)
  const file = join(folder, 'live.json')
  const retired = [{ model: 'old-price', since: '2026-02-02T06:00:00.000Z', by: 'cli:ann', reason: 'nobody asks it' }]
  await writeDesired(file, { models: [first, second], retired })
  assert.deepEqual(await readDesired(file), { models: [first, second], retired })
  await writeDesired(file, { models: [], retired: [] })
  assert.deepEqual(await readDesired(file), { models: [], retired: [] })
  assert.deepEqual(await readdir(folder), ['live.json'])
})

test('a file of before models could be retired is read', async (context) => {
  const file = join(await temporaryFolder(context), 'live.json')
  await writeFile(file, JSON.stringify({ formatVersion: 1, models: [first] }))
  assert.deepEqual(await readDesired(file), { models: [first], retired: [] })
})

test('a file that is missing, damaged or of a later format is as none', async (context) => {
  const file = join(await temporaryFolder(context), 'live.json')
  assert.equal(await readDesired(file), undefined)
  for (const content of ['', '{"formatVersion":1,"mod', 'null', '[]', '{"formatVersion":2,"models":[]}', '{"formatVersion":1,"models":[{"model":"house-price"}]}']) {
    await writeFile(file, content)
    assert.equal(await readDesired(file), undefined, content)
  }
})

test('a write that cannot be made is told, and leaves what was there', async (context) => {
  const folder = await temporaryFolder(context)
  const file = join(folder, 'live.json')
  await assert.rejects(writeDesired(join(folder, 'missing', 'live.json'), { models: [first], retired: [] }), { code: 'ENOENT' })
  await writeDesired(file, { models: [first], retired: [] })
  assert.deepEqual((await readDesired(file))?.models, [first])
})
