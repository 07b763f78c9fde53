import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { RefitError, type ErrorCode } from '../../src/errors.js'
import { openBucket, type Bucket } from '../../src/s3/bucket.js'
import { needsS3Server, startS3Server } from '../support/s3-server.js'

const nothing = Readable.from([])
const patience = { connect: 2000, idle: 2000 }

async function put(bucket: Bucket, key: string, content: string | Buffer): Promise<void> {
  const { sdk, client } = await bucket.s3()
  await client.send(new sdk.PutObjectCommand({ Bucket: bucket.name, Key: key, Body: content, ContentLength: Buffer.byteLength(content) }))
}

async function keysOf(bucket: Bucket, prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of bucket.list(prefix)) keys.push(key)
  return keys
}

function is(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof RefitError && error.code === code
}

test('objects are listed by prefix over many pages, whatever their keys hold', needsS3Server, async (t) => {
  const server = await startS3Server(t)
  const bucket = openBucket(await server.bucket('data'), server.access, patience)
  t.after(() => bucket.close())
  assert.deepEqual(await keysOf(bucket, ''), [])
  const odd = ['odd/a b+c.csv', 'odd/100%25.csv', 'odd/häuser.csv', 'odd/東京.csv', "odd/it's (1) & <2>.csv", 'odd/q?x=y#z.csv', 'odd/emoji-🏠.csv']
  for (const key of odd) await put(bucket, key, key)
  for (let index = 0; index < 1005; index += 1) await put(bucket, `many/${String(index).padStart(4, '0')}`, 'x')
  assert.deepEqual((await keysOf(bucket, 'odd/')).toSorted(), odd.toSorted())
  assert.equal((await keysOf(bucket, 'many/')).length, 1005)
  assert.equal((await keysOf(bucket, '')).length, 1005 + odd.length)
  for (const key of odd) assert.equal(await text((await bucket.read(key))?.content ?? nothing), key)
})

test('an object is read as it was in the version that is meant, and a change while it is read is told', needsS3Server, async (t) => {
  const server = await startS3Server(t)
  const bucket = openBucket(await server.bucket('data', { versions: true }), server.access, patience)
  t.after(() => bucket.close())
  await put(bucket, 'week.csv', 'one')
  const first = await bucket.head('week.csv')
  await put(bucket, 'week.csv', 'two!')
  const second = await bucket.head('week.csv')
  assert.ok(first?.version !== undefined && second?.version !== undefined && first.version !== second.version)
  assert.deepEqual([first.bytes, second.bytes], [3, 4])
  assert.equal(await text((await bucket.read('week.csv', { version: first.version }))?.content ?? nothing), 'one')
  assert.equal(await text((await bucket.read('week.csv'))?.content ?? nothing), 'two!')
  await assert.rejects(bucket.read('week.csv', { etag: first.etag }), is('s3-object-changed'))
  await bucket.remove('week.csv')
  await bucket.remove('week.csv')
  assert.equal(await bucket.head('week.csv'), undefined)
  assert.equal(await bucket.read('week.csv'), undefined)
  assert.equal(await text((await bucket.read('week.csv', { version: second.version }))?.content ?? nothing), 'two!')
  assert.equal(await bucket.keepsVersions(), true)
})

test('what is read to no end is let go', needsS3Server, async (t) => {
  const server = await startS3Server(t)
  const bucket = openBucket(await server.bucket('data'), server.access, patience)
  t.after(() => bucket.close())
  const content = randomBytes(5_000_000)
  await put(bucket, 'large', content)
  const reading = await bucket.read('large')
  for await (const _ of reading?.content ?? nothing) break
  const other = await bucket.read('large')
  other?.content.once('error', () => undefined)
  other?.content.destroy(new Error('no more of it'))
  assert.ok(content.equals(await buffer((await bucket.read('large'))?.content ?? nothing)))
})

test('what the server refuses, or that it is away, is an error of the catalogue', needsS3Server, async (t) => {
  const server = await startS3Server(t)
  const name = await server.bucket('data')
  const open = (access: typeof server.access, of: string = name): Bucket => {
    const bucket = openBucket(of, access, patience)
    t.after(() => bucket.close())
    return bucket
  }
  await assert.rejects(keysOf(open(server.access, 'elsewhere'), ''), is('s3-bucket-missing'))
  const stranger = open({ ...server.access, credentials: { ...server.access.credentials, secretAccessKey: 'not-the-key' } })
  await assert.rejects(keysOf(stranger, ''), is('s3-refused'))
  await assert.rejects(stranger.head('x'), is('s3-refused'))
  await assert.rejects(stranger.read('x'), is('s3-refused'))
  await assert.rejects(keysOf(open({ ...server.access, endpoint: 'not an address' }), ''), is('s3-unconfigured'))
  await assert.rejects(open({ ...server.access, credentials: { accessKeyId: '${secret:REFIT_TEST_NOT_SET}', secretAccessKey: 'x' } }).head('x'), is('secret-missing'))
  const known = open(server.access)
  assert.equal(await known.head('x'), undefined)
  await server.halt()
  await assert.rejects(known.head('x'), is('s3-away'))
  await server.start()
  assert.equal(await known.head('x'), undefined)
})
