import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { RefitError } from '../../src/errors.js'
import type { Completion } from '../../src/sources/grouping.js'
import type { ListedObject, ListRequest, Source } from '../../src/sources/source.js'

/** A source, and the hand of whoever delivers to it. */
export interface SourceUnderTest {
  readonly source: Source
  /** The same place, as another process would open it. */
  reopen(): Source
  /** Puts content under a key, whole, in place of what was there. */
  deliver(key: string, content: string): Promise<void>
  withdraw(key: string): Promise<void>
}

/** A look before anything was recorded. */
export const look: ListRequest = { signal: new AbortController().signal, watermark: undefined }

/** What every source does that is listed. `open` gives one in which nothing has arrived yet. */
export function testSource(kind: string, open: (context: TestContext) => Promise<SourceUnderTest>, needs: { readonly skip?: string } = {}): void {
  const named = (behaviour: string): string => `${kind}: ${behaviour}`

  test(named('a source in which nothing has arrived lists nothing'), needs, async (context) => {
    const { source } = await open(context)
    assert.deepEqual(await source.list(look), [])
  })

  test(named('what has arrived is listed with its size, and opened'), needs, async (context) => {
    const { source, deliver } = await open(context)
    const contents: Readonly<Record<string, string>> = {
      'week-05.csv': 'a,b\n1,2\n',
      '2026/week 06 (corrected).csv': 'a,b\n3,4\n',
      '2026/Zürich/#1 50%.csv': 'grüße\n',
      'nothing.csv': '',
    }
    for (const [key, content] of Object.entries(contents)) await deliver(key, content)
    const listed = await source.list(look)
    assert.deepEqual(listed.map(({ key }) => key).toSorted(), Object.keys(contents).toSorted())
    for (const object of listed) {
      assert.equal(object.bytes, Buffer.byteLength(contents[object.key] ?? ''))
      assert.equal(await text(await source.open(object)), contents[object.key])
    }
  })

  test(named('a source that can tell of one object tells what its listing tells'), needs, async (context) => {
    const { source, deliver, withdraw } = await open(context)
    if (source.find === undefined) return
    await deliver('2026/week 06+7.csv', 'a,b\n3,4\n')
    assert.deepEqual(await source.find('2026/week 06+7.csv'), await only(source))
    await deliver('2026/week 06+7.csv', 'a,b\n3,5\n')
    assert.deepEqual(await source.find('2026/week 06+7.csv'), await only(source))
    await withdraw('2026/week 06+7.csv')
    assert.equal(await source.find('2026/week 06+7.csv'), undefined)
  })

  test(named('what nobody touches keeps its version, also for another process'), needs, async (context) => {
    const { source, reopen, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    await deliver('week-06.csv', 'a\n2\n')
    const first = await source.list(look)
    await deliver('week-07.csv', 'a\n3\n')
    const second = await reopen().list(look)
    for (const object of first) assert.deepEqual(second.find(({ key }) => key === object.key), object)
    assert.equal(reopen().name, source.name)
  })

  test(named('a delivery under the same key changes the version, though its size stays the same'), needs, async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const before = await only(source)
    await deliver('week-05.csv', 'a\n2\n')
    const after = await only(source)
    assert.notEqual(after.version, before.version)
    assert.equal(after.bytes, before.bytes)
    assert.equal(await text(await source.open(after)), 'a\n2\n')
    await assert.rejects(source.open(before), gone)
  })

  test(named('what has been opened is read in the version that was asked for, whatever arrives meanwhile'), needs, async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const content = await source.open(await only(source))
    await deliver('week-05.csv', 'a\n2\n')
    assert.equal(await text(content), 'a\n1\n')
  })

  test(named('what has gone is not listed, and refused when it is opened'), needs, async (context) => {
    const { source, deliver, withdraw } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const object = await only(source)
    await withdraw('week-05.csv')
    assert.deepEqual(await source.list(look), [])
    await assert.rejects(source.open(object), gone)
  })

  test(named('a key that leads out of the source is refused'), needs, async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const object = await only(source)
    for (const key of ['../week-05.csv', '../../../../../../etc/passwd', '/etc/passwd', 'week-05.csv/..', 'week-05.csv\0', '']) {
      await assert.rejects(source.open({ ...object, key }), gone, key)
    }
  })

  test(named('a listing that is not wanted any more stops'), needs, async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    await assert.rejects(source.list({ ...look, signal: AbortSignal.abort() }), { name: 'AbortError' })
  })

  test(named('watching can begin before anything has arrived, and be stopped twice'), needs, async (context) => {
    const { source, deliver } = await open(context)
    const stop = await source.watch(() => undefined)
    await deliver('2026/week-05.csv', 'a\n1\n')
    await stop()
    await stop()
    assert.equal((await only(source)).key, '2026/week-05.csv')
  })
}

/** What every source does in which a folder or a prefix is a drop, when it is complete. */
export function testCompleteDrops(kind: string, open: (context: TestContext, complete: Completion) => Promise<SourceUnderTest>, needs: { readonly skip?: string } = {}): void {
  const named = (behaviour: string): string => `${kind}: ${behaviour}`

  test(named('files are one drop as soon as their _SUCCESS is there, and each is opened'), needs, async (context) => {
    const { source, reopen, deliver } = await open(context, '_SUCCESS')
    await deliver('w5/colour=red/a.csv', 'a\n1\n')
    await deliver('w5/b.csv', 'a\n22\n')
    assert.deepEqual((await source.list(look)).map(({ key, waitsFor }) => [key, waitsFor === undefined]), [['w5', false]])
    await deliver('w5/_SUCCESS', '')
    const drop = await only(source)
    assert.deepEqual([drop.key, drop.bytes, drop.waitsFor], ['w5', 9, undefined])
    assert.deepEqual(drop.files?.map(({ key }) => key), ['w5/b.csv', 'w5/colour=red/a.csv'])
    assert.deepEqual(await contents(source, drop), ['a\n22\n', 'a\n1\n'])
    assert.deepEqual(await only(reopen()), drop)
  })

  test(named('a drop has another version when its _SUCCESS is written again, and its former files are refused'), needs, async (context) => {
    const { source, deliver } = await open(context, '_SUCCESS')
    await deliver('w5/a.csv', 'a\n1\n')
    await deliver('w5/_SUCCESS', '')
    const before = await only(source)
    await deliver('w5/a.csv', 'a\n2\n')
    assert.equal((await only(source)).version, before.version)
    await deliver('w5/_SUCCESS', '')
    const after = await only(source)
    assert.notEqual(after.version, before.version)
    assert.deepEqual(await contents(source, after), ['a\n2\n'])
    await assert.rejects(contents(source, before), gone)
  })

  test(named('a drop waits until every file that its manifest names is there, in its size'), needs, async (context) => {
    const { source, deliver, withdraw } = await open(context, 'manifest')
    const waitsFor = async (): Promise<string | undefined> => (await only(source)).waitsFor
    await deliver('w5/manifest.json', JSON.stringify({ files: [{ key: 'a.csv', bytes: 4 }, { path: 'b.csv' }] }))
    assert.equal(await waitsFor(), 'a.csv, and 1 more')
    await deliver('w5/a.csv', 'a\n1')
    await deliver('w5/b.csv', 'a\n2\n')
    assert.match((await waitsFor()) ?? '', /^a\.csv with 4 bytes/)
    await deliver('w5/a.csv', 'a\n1\n')
    const drop = await only(source)
    assert.deepEqual([drop.key, drop.bytes, drop.waitsFor], ['w5', 8, undefined])
    assert.deepEqual(await contents(source, drop), ['a\n1\n', 'a\n2\n'])
    await withdraw('w5/b.csv')
    assert.equal(await waitsFor(), 'b.csv')
  })

  test(named('a drop has another version when its manifest is written again, though the manifest says the same'), needs, async (context) => {
    const { source, deliver } = await open(context, 'manifest')
    await deliver('w5/a.csv', 'a\n1\n')
    await deliver('w5/manifest.json', '["a.csv"]')
    const before = await only(source)
    await deliver('w5/a.csv', 'a\n2\n')
    assert.equal((await only(source)).version, before.version)
    await deliver('w5/manifest.json', '["a.csv"]')
    assert.notEqual((await only(source)).version, before.version)
  })

  test(named('a manifest that is only half there is waited for'), needs, async (context) => {
    const { source, deliver } = await open(context, 'manifest')
    await deliver('w5/a.csv', 'a\n1\n')
    await deliver('w5/manifest.json', '{"files": ["a.csv"')
    assert.match((await only(source)).waitsFor ?? '', /^a manifest that can be read: /)
    await deliver('w5/manifest.json', '{"files": ["a.csv"]}')
    assert.equal((await only(source)).waitsFor, undefined)
  })
}

async function contents(source: Source, drop: ListedObject): Promise<readonly string[]> {
  const read: string[] = []
  for (const file of drop.files ?? []) read.push(await text(await source.open(file)))
  return read
}

async function only(source: Source): Promise<ListedObject> {
  const [object, ...others] = await source.list(look)
  assert.ok(object !== undefined)
  assert.deepEqual(others, [])
  return object
}

/** Whether an error says that an object is not there in that version. */
export function gone(error: unknown): boolean {
  return error instanceof RefitError && error.code === 'source-object-gone'
}
