import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdtemp, open as openFile, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { test as testOfNode, type TestContext } from 'node:test'
import { RefitError } from '../../src/errors.js'
import type { ObjectStore, StoredObject } from '../../src/objects/object-store.js'

/** An empty store. */
export interface OpenedStore {
  readonly store: ObjectStore
  /** Another adapter on the same content, as on another machine. */
  reopen(): ObjectStore
  /** Where the content of an object lies, for tests that damage it. */
  fileOf(key: string): string
  /** What else lies in the store than whole objects: something half written. */
  leftovers(): Promise<readonly string[]>
}

/** What every object store does. @param without the reason why it cannot be opened here */
export function testObjectStore(adapter: string, open: (context: TestContext) => Promise<OpenedStore>, without: { readonly skip?: string } = {}): void {
  const named = (behaviour: string): string => `${adapter}: ${behaviour}`
  const test = (behaviour: string, run: (context: TestContext) => Promise<void>): void => {
    testOfNode(behaviour, without, run)
  }

  test(named('an object is named by prefix, hash of its content and ending, and read back as it was'), async (context) => {
    const { store, reopen } = await open(context)
    const content = randomBytes(300_000)
    const stored = await store.put('raw', Readable.from([content.subarray(0, 7), content.subarray(7)]), '.bin')
    assert.deepEqual(withoutVersion(stored), { key: `raw/${sha256(content)}.bin`, sha256: sha256(content), bytes: content.length })
    for (const each of [store, reopen()]) {
      assert.ok(await each.has(stored.key))
      assert.deepEqual(await buffer(await each.read(stored.key)), content)
      assert.deepEqual(await readFile(await each.localPath(stored.key)), content)
    }
  })

  test(named('text and no content at all are content too'), async (context) => {
    const { store } = await open(context)
    const words = await store.put('raw', Readable.from(['Zürich ', '– 東京']))
    assert.equal(await text(await store.read(words.key)), 'Zürich – 東京')
    assert.equal(words.bytes, Buffer.byteLength('Zürich – 東京'))
    const nothing = await store.put('raw', Readable.from([]))
    assert.deepEqual([nothing.sha256, nothing.bytes], [sha256(''), 0])
    assert.equal(await text(await store.read(nothing.key)), '')
  })

  test(named('the same content, stored again and by many at once, is one object'), async (context) => {
    const { store, reopen } = await open(context)
    const other = reopen()
    const stored = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? store : other).put('raw', Readable.from(['the same']))))
    assert.deepEqual(await store.put('raw', Readable.from(['the ', 'same'])), stored[0])
    assert.equal(new Set(stored.map(({ key }) => key)).size, 1)
    assert.deepEqual(await keysOf(store, ''), [`raw/${sha256('the same')}`])
    assert.equal(await text(await store.read(`raw/${sha256('the same')}`)), 'the same')
  })

  test(named('an object is visible whole or not at all: a stream that breaks leaves nothing'), async (context) => {
    const { store, leftovers } = await open(context)
    const listedMeanwhile: (readonly string[])[] = []
    const breaking = async function* (): AsyncIterable<string> {
      yield 'half of it'
      listedMeanwhile.push(await keysOf(store, ''))
      throw new Error('the line went dead')
    }
    await assert.rejects(store.put('raw', Readable.from(breaking())), /the line went dead/)
    assert.deepEqual(listedMeanwhile, [[]])
    assert.deepEqual(await keysOf(store, ''), [])
    assert.equal(await store.has(`raw/${sha256('half of it')}`), false)
    assert.deepEqual(await leftovers(), [])
  })

  test(named('a file is stored by its content, and may be removed and made anew afterwards'), async (context) => {
    const { store } = await open(context)
    const folder = await temporaryFolder(context)
    const file = join(folder, 'model.bin')
    await writeFile(file, 'weights')
    const stored = await store.putFile('files', file, '.bin')
    assert.deepEqual(withoutVersion(stored), { key: `files/${sha256('weights')}.bin`, sha256: sha256('weights'), bytes: 7 })
    // It may have been moved into the store.
    await rm(file, { force: true })
    assert.equal(await text(await store.read(stored.key)), 'weights')
    await writeFile(file, 'weights')
    assert.deepEqual(withoutVersion(await store.putFile('files', file, '.bin')), withoutVersion(stored))
    await rm(file, { force: true })
    assert.equal(await text(await store.read(stored.key)), 'weights')
  })

  test(named('a symbolic link is stored as the content it leads to'), async (context) => {
    const { store } = await open(context)
    const folder = await temporaryFolder(context)
    await writeFile(join(folder, 'original'), 'weights')
    await symlink(join(folder, 'original'), join(folder, 'link'))
    const { key } = await store.putFile('files', join(folder, 'link'))
    await rm(folder, { recursive: true })
    assert.equal(await text(await store.read(key)), 'weights')
  })

  test(named('a local path can be copied from and not written to by accident'), async (context) => {
    const { store } = await open(context)
    const folder = await temporaryFolder(context)
    const { key } = await store.put('parts', Readable.from(['rows']), '.parquet')
    const path = await store.localPath(key)
    await copyFile(path, join(folder, 'copy'))
    assert.equal(await readFile(join(folder, 'copy'), 'utf8'), 'rows')
    assert.equal((await stat(path)).mode & 0o222, 0)
  })

  test(named('listing names what lies below a prefix, with size and time'), async (context) => {
    const { store } = await open(context)
    assert.deepEqual(await keysOf(store, 'raw/'), [])
    const raw = await store.put('raw', Readable.from(['one']))
    const part = await store.put('parts', Readable.from(['three']), '.parquet')
    assert.deepEqual(await keysOf(store, 'raw/'), [raw.key])
    assert.deepEqual(await keysOf(store, ''), [part.key, raw.key].toSorted())
    for await (const { key, bytes, modified } of store.list('parts/')) {
      assert.deepEqual([key, bytes], [part.key, 5])
      assert.ok(!Number.isNaN(modified.getTime()))
    }
  })

  test(named('what is removed during a listing does not break it'), async (context) => {
    const { store } = await open(context)
    for (let index = 0; index < 20; index += 1) await store.put('raw', Readable.from([`object ${index}`]))
    const listed: string[] = []
    for await (const { key } of store.list('raw/')) {
      if (listed.length === 0) for (const other of await keysOf(store, 'raw/')) if (other !== key) await store.remove(other)
      listed.push(key)
    }
    assert.ok(listed.length >= 1)
    assert.equal((await keysOf(store, 'raw/')).length, 1)
  })

  test(named('a removed object is gone, may be removed again, and stored again'), async (context) => {
    const { store } = await open(context)
    const { key } = await store.put('raw', Readable.from(['once more']))
    await store.remove(key)
    await store.remove(key)
    assert.equal(await store.has(key), false)
    await assert.rejects(store.read(key), missing)
    await assert.rejects(store.localPath(key), missing)
    await store.put('raw', Readable.from(['once more']))
    assert.equal(await text(await store.read(key)), 'once more')
  })

  test(named('a key that leads elsewhere names no object'), async (context) => {
    const { store, leftovers } = await open(context)
    const hash = 'a'.repeat(64)
    for (const key of ['../../etc/passwd', '/etc/passwd', `raw/../${hash}`, `raw/${hash}/..`, `raw/${hash}\0`, `raw/${hash}.csv.exe`, `raw/${hash.toUpperCase()}`, `raw//${hash}`, `raw/%2e%2e/${hash}`, `raw/${hash}\n`, 'raw', '']) {
      assert.equal(await store.has(key), false, key)
      await assert.rejects(async () => store.read(key), missing, key)
      await assert.rejects(async () => store.localPath(key), missing, key)
      await assert.rejects(async () => store.remove(key), missing, key)
    }
    for (const prefix of ['../elsewhere', '/elsewhere', '', 'a/b', 'raw\n']) await assert.rejects(async () => store.put(prefix, Readable.from(['x'])), missing, prefix)
    await assert.rejects(async () => store.put('raw', Readable.from(['x']), '/../x'), missing)
    assert.deepEqual(await leftovers(), [])
  })

  test(named('a large object comes back as it was, and is stored by many at once as one'), async (context) => {
    const { store, reopen, leftovers } = await open(context)
    const content = randomBytes(LARGE_BYTES)
    const stored = await Promise.all([store, reopen(), store].map((each) => each.put('parts', Readable.from(slices(content)), '.parquet')))
    assert.deepEqual(stored.map(({ key, bytes }) => [key, bytes]), Array.from({ length: 3 }, () => [`parts/${sha256(content)}.parquet`, content.length]))
    for (const each of [store, reopen()]) {
      assert.ok(content.equals(await readFile(await each.localPath(stored[0]?.key ?? ''))))
      assert.ok(content.equals(await buffer(await each.read(stored[0]?.key ?? ''))))
    }
    assert.deepEqual(await keysOf(store, ''), [`parts/${sha256(content)}.parquet`])
    assert.deepEqual(await leftovers(), [])
  })

  test(named('content that is stored again mends an object that was cut off'), async (context) => {
    const { store, reopen, fileOf } = await open(context)
    for (const bytes of [1000, LARGE_BYTES]) {
      const content = randomBytes(bytes)
      const { key } = await store.put('files', Readable.from(slices(content)))
      await chmod(fileOf(key), 0o644)
      await truncate(fileOf(key), 700)
      await store.put('files', Readable.from(slices(content)))
      assert.ok(content.equals(await buffer(await reopen().read(key))))
    }
  })

  test(named('content that is stored again mends an object that was changed and kept its size'), async (context) => {
    const { store, reopen, fileOf } = await open(context)
    const content = randomBytes(LARGE_BYTES)
    const { key } = await store.put('files', Readable.from(slices(content)))
    await chmod(fileOf(key), 0o644)
    await changeOneBit(fileOf(key))
    await reopen().put('files', Readable.from(slices(content)))
    assert.ok(content.equals(await buffer(await reopen().read(key))))
    assert.ok(content.equals(await readFile(await reopen().localPath(key))))
  })

  for (const [how, damage] of damages) {
    test(named(`an object that was ${how} is not taken for what it was`), async (context) => {
      const { store, reopen, fileOf } = await open(context)
      for (const bytes of [1000, LARGE_BYTES]) {
        const { key } = await store.put('files', Readable.from(slices(randomBytes(bytes))))
        const file = fileOf(key)
        await chmod(file, 0o644)
        await damage(file)
        await assert.rejects(async () => buffer(await reopen().read(key)), damaged)
        await assert.rejects(async () => reopen().localPath(key), damaged)
      }
    })
  }
}

const LARGE_BYTES = 13_000_000

const damages: readonly (readonly [how: string, damage: (file: string) => Promise<void>])[] = [
  ['cut off', async (file) => truncate(file, 700)],
  ['emptied', async (file) => truncate(file, 0)],
  ['changed in one bit', changeOneBit],
]

async function changeOneBit(file: string): Promise<void> {
  const handle = await openFile(file, 'r+')
  const one = Buffer.alloc(1)
  await handle.read(one, 0, 1, 500)
  await handle.write(Buffer.from([(one[0] ?? 0) ^ 4]), 0, 1, 500)
  await handle.close()
}

function* slices(content: Buffer): Iterable<Buffer> {
  for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536)
}

function withoutVersion({ version: _version, ...stored }: StoredObject): StoredObject {
  return stored
}

function damaged(error: unknown): boolean {
  return error instanceof RefitError && error.code === 'object-damaged'
}

function missing(error: unknown): boolean {
  return error instanceof RefitError && error.code === 'object-missing'
}

async function keysOf(store: ObjectStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys.toSorted()
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-object-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
