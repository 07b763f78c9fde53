import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type * as Sdk from '@aws-sdk/client-s3'
import { s3Source } from '../../src/sources/s3/adapter.js'
import { connectS3, type S3 } from '../../src/s3/client.js'
import { listenOnLoopback } from '../support/on-loopback.js'
import { needsS3Server, s3Server, type S3Server } from '../support/s3-server.js'
import { gone, look, testCompleteDrops, testSource, type SourceUnderTest } from './source.js'

let server: S3Server
let s3: S3
before(async () => {
  if (needsS3Server.skip !== undefined) return
  server = await s3Server()
  s3 = await connectS3(server.access)
})
after(async () => {
  s3?.client.destroy()
  await server?.close()
})

let buckets = 0

/** The clock that files are stamped by may be behind by so much. */
const CLOCK_MS = 20

/** A source in a bucket of its own. */
async function openSource(versions: boolean, options: object = {}): Promise<SourceUnderTest & { readonly bucket: string; put(key: string, content: string): Promise<void> }> {
  buckets += 1
  const bucket = await server.bucket(`drops-${buckets}`, { versions })
  const { sdk, client } = s3
  const reopen = (): SourceUnderTest['source'] => s3Source({ address: `s3://${bucket}/weeks`, listEvery: 60_000, ...server.access, ...options })
  /** When each key may be written again. */
  const written = new Map<string, number>()
  const put = async (key: string, content: string): Promise<void> => {
    // S3 tells when an object was written in whole seconds, which is all there is to tell the same bytes apart by.
    const next = versions ? 0 : (written.get(key) ?? 0)
    while (Date.now() < next) await delay(next - Date.now())
    await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: content, ContentLength: Buffer.byteLength(content) }))
    // From its end: a write that begins in one second may be stamped in the next one.
    written.set(key, (Math.floor(Date.now() / 1000) + 1) * 1000 + CLOCK_MS)
  }
  // A neighbour whose name begins the same is none of it.
  await put('weeks-of-others/week-01.csv', 'a\n9\n')
  return {
    bucket,
    source: reopen(),
    reopen,
    put,
    deliver: (key, content) => put(`weeks/${key}`, content),
    withdraw: async (key) => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: `weeks/${key}` }))
    },
  }
}

for (const [kind, versions] of [
  ['s3', false],
  ['s3, where the bucket keeps versions', true],
] as const) {
  testSource(kind, () => openSource(versions), needsS3Server)
  testCompleteDrops(kind, (_context, complete) => openSource(versions, { complete }), needsS3Server)

  test(`${kind}: an object that was announced is found as it is listed, and one that has gone is not`, needsS3Server, async () => {
    const { source, deliver, withdraw } = await openSource(versions)
    const keys = ['a b+c.csv', 'Zürich/#1 50%.csv', 'week%2005.csv']
    for (const key of keys) await deliver(key, `${key}\n`)
    for (const object of await source.list(look)) assert.deepEqual(await source.find?.(object.key), object)
    await withdraw('a b+c.csv')
    assert.equal(await source.find?.('a b+c.csv'), undefined)
    assert.equal(await source.find?.('never.csv'), undefined)
  })

  test(`${kind}: what consoles leave to show a folder is no drop`, needsS3Server, async () => {
    const { source, put } = await openSource(versions)
    await put('weeks/', '')
    await put('weeks/2026/', '')
    await put('weeks/2026/week-05.csv', 'a\n1\n')
    await put('weeks/2025_$folder$', '')
    assert.deepEqual((await source.list(look)).map(({ key }) => key), ['2026/week-05.csv'])
    assert.equal(await source.find?.('2026/'), undefined)
  })

  test(`${kind}: the same bytes written again have another version`, needsS3Server, async () => {
    const { source, deliver } = await openSource(versions)
    await deliver('week-05.csv', 'a\n1\n')
    const [before] = await source.list(look)
    await deliver('week-05.csv', 'a\n1\n')
    const [after] = await source.list(look)
    assert.ok(before !== undefined && after !== undefined && before.version !== after.version)
    await assert.rejects(source.open(before), gone)
  })
}

test('s3, where the bucket keeps versions: more objects than a page holds are all listed, each once', needsS3Server, async () => {
  const { source, deliver } = await openSource(true)
  const keys = Array.from({ length: 1005 }, (_, index) => `${String(index).padStart(4, '0')} +ü.csv`)
  for (let from = 0; from < keys.length; from += 50) await Promise.all(keys.slice(from, from + 50).map((key) => deliver(key, key)))
  await deliver(keys[3] ?? '', 'anew')
  assert.deepEqual((await source.list(look)).map(({ key }) => key), keys)
})

test('s3, where the bucket keeps versions: keys of a server that says that it encodes them, and does not, are taken as they are', async (t) => {
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  const version = '<Version><Key>weeks/100%.csv</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><LastModified>2026-06-01T08:00:00Z</LastModified><ETag>"a1"</ETag><Size>5</Size></Version>'
  const foreign = createServer(({ url }, answer) => {
    const body = url?.includes('versioning') === true ? versioning : `<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${version}</ListVersionsResult>`
    answer.writeHead(200, { 'Content-Type': 'application/xml' }).end(body)
  })
  const endpoint = await listenOnLoopback(t, foreign)
  const credentials = { accessKeyId: 'anybody', secretAccessKey: 'anything' }
  const source = s3Source({ address: 's3://drops/weeks', listEvery: 60_000, endpoint, credentials })
  assert.deepEqual(await source.list(look), [{ key: '100%.csv', version: 'v1', bytes: 5 }])
})

test('s3: an object uploaded in parts is read whole', needsS3Server, async () => {
  const { source, bucket } = await openSource(true)
  const { sdk, client } = s3
  const object = { Bucket: bucket, Key: 'weeks/large.csv' }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(object))
  const contents = ['x'.repeat(5 * 1024 * 1024), 'end']
  const parts: Sdk.CompletedPart[] = []
  for (const [index, Body] of contents.entries()) {
    assert.deepEqual(await source.list(look), [], 'half of an upload is nothing')
    const { ETag } = await client.send(new sdk.UploadPartCommand({ ...object, UploadId, PartNumber: index + 1, Body }))
    parts.push({ PartNumber: index + 1, ...(ETag === undefined ? {} : { ETag }) })
  }
  await client.send(new sdk.CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts: parts } }))
  const [listed] = await source.list(look)
  assert.ok(listed !== undefined)
  assert.deepEqual(await source.find?.('large.csv'), listed)
  assert.equal(await text(await source.open(listed)), contents.join(''))
})

test('s3: of a drop of several files, only what completes it announces it', () => {
  const keyOf = s3Source({ address: 's3://drops/weeks', listEvery: 60_000, complete: '_SUCCESS' }).announced?.keyOf
  assert.equal(keyOf?.('drops', 'weeks/2026-05/part-0.csv'), undefined)
  assert.equal(keyOf?.('drops', 'weeks/2026-05/_SUCCESS'), '2026-05/_SUCCESS')
  const ofManifest = s3Source({ address: 's3://drops/weeks', listEvery: 60_000, complete: 'manifest' }).announced?.keyOf
  assert.equal(ofManifest?.('drops', 'weeks/2026-05/part-0.csv'), '2026-05/part-0.csv')
})

test('s3: only what lies below its prefix is its own', () => {
  const source = s3Source({ address: 's3://drops/weeks', listEvery: 60_000 })
  assert.equal(source.name, 's3://drops/weeks')
  assert.equal(s3Source({ address: 's3://drops/weeks/', listEvery: 60_000 }).name, source.name)
  const keyOf = source.announced?.keyOf
  assert.equal(keyOf?.('drops', 'weeks/2026/a b.csv'), '2026/a b.csv')
  for (const [bucket, key] of [['drops', 'weeks-of-others/a.csv'], ['drops', 'weeks'], ['drops', 'weeks/'], ['drops', 'weeks/2026/'], ['others', 'weeks/a.csv']] as const) assert.equal(keyOf?.(bucket, key), undefined, key)
})

test('s3: a server that is away, a bucket that is not there, and a wrong key are no silence', needsS3Server, async () => {
  const { source, deliver, bucket } = await openSource(false)
  await deliver('week-05.csv', 'a\n1\n')
  const [listed] = await source.list(look)
  assert.ok(listed !== undefined)
  const wrong = [
    s3Source({ ...server.access, address: 's3://nowhere-at-all', listEvery: 60_000 }),
    s3Source({ ...server.access, address: `s3://${bucket}/weeks`, listEvery: 60_000, credentials: { ...server.access.credentials, secretAccessKey: 'wrong' } }),
  ]
  for (const each of wrong) await assert.rejects(each.list(look), { code: 'source-unreadable' })
  for (const each of wrong.slice(1)) {
    await assert.rejects(Promise.resolve(each.find?.('week-05.csv')), { code: 'source-unreadable' })
    await assert.rejects(each.open(listed), { code: 'source-unreadable' })
  }
})
