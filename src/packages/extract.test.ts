import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { test, type TestContext } from 'node:test'
import { pack, type Header } from 'tar-stream'
import { RefitError } from '../errors.js'
import { extractArchive } from './extract.js'

interface Place {
  readonly archive: string
  readonly folder: string
  readonly around: string
}

async function archiveOf(context: TestContext, entries: readonly (readonly [Pick<Header, 'name'> & Partial<Header>, string?])[]): Promise<Place> {
  const around = await mkdtemp(join(tmpdir(), 'refit-extract-'))
  context.after(() => rm(around, { recursive: true, force: true }))
  const [archive, folder] = [join(around, 'archive.tar'), join(around, 'inner', 'model')]
  await mkdir(folder, { recursive: true })
  const content = pack()
  for (const [headers, text] of entries) content.entry(headers, text ?? '')
  content.finalize()
  await pipeline(content, createWriteStream(archive))
  return { archive, folder, around }
}

const refusedFor = (reason: RegExp) => (error: unknown): boolean => error instanceof RefitError && error.code === 'upload-unfit' && reason.test(error.message)

test('the files of an archive come out with their hashes, in the order of their names', async (context) => {
  const { archive, folder } = await archiveOf(context, [[{ name: './' , type: 'directory' }], [{ name: './b/two.txt' }, 'two'], [{ name: 'a.txt' }, 'one']])
  const files = await extractArchive(archive, folder, 100)
  assert.deepEqual(files.map(({ path, bytes }) => [path, bytes]), [['a.txt', 3], ['b/two.txt', 3]])
  assert.equal(files[0]?.sha256, '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed')
  assert.equal(await readFile(join(folder, 'b', 'two.txt'), 'utf8'), 'two')
})

test('nothing leaves the folder, however its name is written', async (context) => {
  for (const name of ['../outside.txt', 'a/../../outside.txt', '/tmp/refit-outside.txt', '%2e%2e/outside.txt', '%252e%252e%252foutside.txt', 'a\\..\\..\\outside.txt', 'C:/outside.txt', 'a/\u0001b']) {
    const { archive, folder, around } = await archiveOf(context, [[{ name }, 'out']])
    await assert.rejects(extractArchive(archive, folder, 100), refusedFor(/outside itself/), name)
    assert.deepEqual((await readdir(around)).toSorted(), ['archive.tar', 'inner'])
    assert.deepEqual(await readdir(join(around, 'inner')), ['model'])
    assert.deepEqual(await readdir(folder), [])
  }
})

test('links and special files are refused', async (context) => {
  for (const type of ['symlink', 'link', 'fifo', 'character-device'] as const) {
    const { archive, folder } = await archiveOf(context, [[{ name: 'a', type, linkname: '/etc/passwd' }]])
    await assert.rejects(extractArchive(archive, folder, 100), refusedFor(/is no plain file/), type)
    assert.deepEqual(await readdir(folder), [])
  }
})

test('a file that stands there twice, also by another case, or as a folder, is refused', async (context) => {
  const twice = await archiveOf(context, [[{ name: 'Model.txt' }, 'one'], [{ name: 'model.TXT' }, 'two']])
  await assert.rejects(extractArchive(twice.archive, twice.folder, 100), refusedFor(/twice/))
  const below = await archiveOf(context, [[{ name: 'a' }, 'one'], [{ name: 'a/b' }, 'two']])
  await assert.rejects(extractArchive(below.archive, below.folder, 100), refusedFor(/cannot be unpacked/))
})

test('what unpacks to too much, breaks off or is no archive at all is refused', async (context) => {
  const large = await archiveOf(context, [[{ name: 'a' }, 'x'.repeat(60)], [{ name: 'b' }, 'x'.repeat(60)]])
  await assert.rejects(extractArchive(large.archive, large.folder, 100), refusedFor(/more than 100 bytes/))
  const broken = await archiveOf(context, [[{ name: 'a' }, 'x'.repeat(5000)]])
  await truncate(broken.archive, 2000)
  await assert.rejects(extractArchive(broken.archive, broken.folder, 10_000), refusedFor(/cannot be unpacked/))
  const text = await archiveOf(context, [])
  await writeFile(text.archive, 'this is no archive '.repeat(100))
  await assert.rejects(extractArchive(text.archive, text.folder, 10_000), refusedFor(/cannot be unpacked/))
  const empty = await archiveOf(context, [])
  await assert.rejects(extractArchive(empty.archive, empty.folder, 100), refusedFor(/holds no file/))
})
