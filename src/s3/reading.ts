import { Readable } from 'node:stream'
import { refitError, type RefitError } from '../errors.js'
import { again, BrokenBody, MOST_BODIES, pause } from './again.js'
import type { S3 } from './client.js'
import { isAbsent, s3Fault, statusOf } from './faults.js'
import { bucketObject, type BucketObject, type Reading, type Which } from './object.js'

/** An answer that brought this much counts as getting on, so that a large object may be interrupted often. */
const GETTING_ON_BYTES = 1_000_000

/** Reads an object, going on where a connection broke. See `Bucket.read`. */
export async function readObject(s3: S3, bucket: string, key: string, which: Which, checksum: boolean): Promise<Reading | undefined> {
  const attempt = { s3, bucket, key, checksum }
  const away = (broken: BrokenBody): RefitError => refitError('s3-away', { endpoint: s3.endpoint, reason: broken.message })
  const first = await again(() => begin(attempt, which, 0), away)
  if (first === undefined) return undefined
  const content = Readable.from(wholeOf(attempt, which, first), { objectMode: false })
  // Nobody may have begun to read: then the generator cannot let go of the connection.
  content.once('close', () => first.body.destroy())
  return { object: first.object, content }
}

interface Attempt {
  readonly s3: S3
  readonly bucket: string
  readonly key: string
  readonly checksum: boolean
}

interface Begun {
  readonly object: BucketObject
  readonly body: Readable
  readonly chunks: AsyncIterator<unknown>
  /** Bytes to pass over, from a server that does not go on in the middle. */
  readonly skip: number
}

/** Undefined when there is no such object. */
async function begin({ s3, bucket, key, checksum }: Attempt, { version, etag }: Which, offset: number): Promise<Begun | undefined> {
  const { sdk, client, endpoint } = s3
  const command = new sdk.GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(version === undefined ? {} : { VersionId: version }),
    ...(etag === undefined ? {} : { IfMatch: etag }),
    // The checksum that it was stored with, where there is one: the body ends with an error if it is another one.
    ...(offset === 0 && checksum ? { ChecksumMode: 'ENABLED' } : {}),
    ...(offset === 0 ? {} : { Range: `bytes=${offset}-` }),
  })
  try {
    const answer = await client.send(command)
    const body: unknown = answer.Body
    // An error of some proxy, or of the server, under the status of a success.
    if (!(body instanceof Readable) || answer.ETag === undefined || answer.ContentLength === undefined) {
      if (body instanceof Readable) body.destroy()
      throw new BrokenBody('it answers without saying what the object is')
    }
    if (etag !== undefined && answer.ETag !== etag) {
      body.destroy()
      throw refitError('s3-object-changed', { place: `s3://${bucket}/${key}` })
    }
    // The line may break before anybody reads, or after nobody does any more.
    body.on('error', () => undefined)
    const isPart = answer.ContentRange !== undefined
    const bytes = answer.ContentLength + (isPart ? offset : 0)
    const object = bucketObject(key, bytes, answer.LastModified, answer.ETag, answer.VersionId)
    return { object, body, chunks: body[Symbol.asyncIterator](), skip: isPart ? 0 : offset }
  } catch (error) {
    if (error instanceof BrokenBody) throw error
    if (isAbsent(error)) return undefined
    if (statusOf(error) === 412) throw refitError('s3-object-changed', { place: `s3://${bucket}/${key}` }, { cause: error })
    throw s3Fault(error, { action: 'to read', bucket, key, endpoint })
  }
}

async function* wholeOf(attempt: Attempt, which: Which, first: Begun): AsyncGenerator<Buffer, void, undefined> {
  const { s3, bucket, key } = attempt
  const { bytes, etag } = first.object
  const same: Which = { ...which, etag }
  let present: Begun = first
  let skip = present.skip
  let offset = 0
  let goneOn = 0
  let tried = 1
  try {
    for (;;) {
      const step = await next(present)
      if (!step.isBroken) {
        const chunk = step.chunk.subarray(Math.min(skip, step.chunk.length))
        skip -= step.chunk.length - chunk.length
        offset += chunk.length
        if (chunk.length > 0) yield chunk
        continue
      }
      present.body.destroy()
      if (step.damaged !== undefined) throw refitError('s3-object-damaged', { place: `s3://${bucket}/${key}`, reason: step.damaged })
      if (offset === bytes) return
      tried = offset - goneOn >= GETTING_ON_BYTES ? 1 : tried + 1
      goneOn = offset
      if (tried > MOST_BODIES) throw refitError('s3-away', { endpoint: s3.endpoint, reason: `${key} broke off after ${offset} of ${bytes} bytes: ${step.reason}` })
      await pause(tried)
      const begun = await again(() => begin(attempt, same, offset), ({ message }) => refitError('s3-away', { endpoint: s3.endpoint, reason: message }))
      if (begun === undefined) throw refitError('s3-object-changed', { place: `s3://${bucket}/${key}` })
      present = begun
      skip = begun.skip
    }
  } finally {
    present.body.destroy()
  }
}

type Step = { readonly isBroken: false; readonly chunk: Buffer } | { readonly isBroken: true; readonly reason: string; readonly damaged?: string }

/** The next chunk, or that there is none: at the end, by a fault of the line, or since the checksum is another one. */
async function next({ chunks }: Begun): Promise<Step> {
  try {
    const step = await chunks.next()
    if (step.done === true) return { isBroken: true, reason: 'the answer was short' }
    if (!(step.value instanceof Uint8Array)) throw new TypeError('a body of S3 is made of bytes')
    return { isBroken: false, chunk: Buffer.from(step.value.buffer, step.value.byteOffset, step.value.byteLength) }
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError) throw error
    if (error.message.startsWith('Checksum mismatch')) return { isBroken: true, reason: error.message, damaged: 'its checksum is another one' }
    return { isBroken: true, reason: error.message }
  }
}
