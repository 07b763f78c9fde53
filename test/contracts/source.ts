import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { RefitError } from '../../src/errors.js'
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
export function testSource(kind: string, open: (context: TestContext) => Promise<SourceUnderTest>): void {
  const named = (behaviour: string): string => `${kind}: ${behaviour}`

  test(named('a source in which nothing has arrived lists nothing'), async (context) => {
    const { source } = await open(context)
    assert.deepEqual(await source.list(look), [])
  })

  test(named('what has arrived is listed with its size, and opened'), async (context) => {
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

  test(named('what nobody touches keeps its version, also for another process'), async (context) => {
    const { source, reopen, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    await deliver('week-06.csv', 'a\n2\n')
    const first = await source.list(look)
    await deliver('week-07.csv', 'a\n3\n')
    const second = await reopen().list(look)
    for (const object of first) assert.deepEqual(second.find(({ key }) => key === object.key), object)
    assert.equal(reopen().name, source.name)
  })

  test(named('a delivery under the same key changes the version, though its size stays the same'), async (context) => {
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

  test(named('what has been opened is read in the version that was asked for, whatever arrives meanwhile'), async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const content = await source.open(await only(source))
    await deliver('week-05.csv', 'a\n2\n')
    assert.equal(await text(content), 'a\n1\n')
  })

  test(named('what has gone is not listed, and refused when it is opened'), async (context) => {
    const { source, deliver, withdraw } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const object = await only(source)
    await withdraw('week-05.csv')
    assert.deepEqual(await source.list(look), [])
    await assert.rejects(source.open(object), gone)
  })

  test(named('a key that leads out of the source is refused'), async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    const object = await only(source)
    for (const key of ['../week-05.csv', '../../../../../../etc/passwd', '/etc/passwd', 'week-05.csv/..', 'week-05.csv\0', '']) {
      await assert.rejects(source.open({ ...object, key }), gone, key)
    }
  })

  test(named('a listing that is not wanted any more stops'), async (context) => {
    const { source, deliver } = await open(context)
    await deliver('week-05.csv', 'a\n1\n')
    await assert.rejects(source.list({ ...look, signal: AbortSignal.abort() }), { name: 'AbortError' })
  })

  test(named('watching can begin before anything has arrived, and be stopped twice'), async (context) => {
    const { source, deliver } = await open(context)
    const stop = await source.watch(() => undefined)
    await deliver('2026/week-05.csv', 'a\n1\n')
    await stop()
    await stop()
    assert.equal((await only(source)).key, '2026/week-05.csv')
  })
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
