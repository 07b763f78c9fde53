import { createHash } from 'node:crypto'
import { open, readFile, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { refitError } from '../errors.js'
import { again, BrokenBody } from './again.js'
import type { S3 } from './client.js'
import { faultName, isAbsent, isUnreadable, s3Fault, statusOf } from './faults.js'

/** A local file, whose content is known to have this hash. */
export interface FileToWrite {
  readonly path: string
  readonly bytes: number
  /** Hexadecimal digits. */
  readonly sha256: string
}

export interface UploadSizes {
  /** Larger files are sent in parts. */
  readonly single: number
  /** At least 5 MiB, as S3 demands. */
  readonly part: number
}

const MIB = 1024 * 1024
const USUAL_SIZES: UploadSizes = { single: 16 * MIB, part: 16 * MIB }
const MOST_PARTS = 10_000
const PARTS_AT_ONCE = 4

/** A body that came damaged or in part, or a write that met another one: what was sent is right, so it is sent again. */
const SEND_AGAIN: ReadonlySet<string> = new Set(['BadDigest', 'InvalidDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch', 'IncompleteBody', 'RequestTimeout', 'ConditionalRequestConflict', 'OperationAborted', 'InvalidPart'])

/**
 * Writes a file under a key that names its content, unless that is there already. The server is told its checksums. The
 * object appears whole or not at all; nothing is left of a write that fails.
 * @returns the version id, where the bucket keeps versions
 * @throws RefitError as `Bucket` does
 */
export async function writeOnce(s3: S3, bucket: string, key: string, file: FileToWrite, sizes: UploadSizes = USUAL_SIZES): Promise<string | undefined> {
  const write: Write = { s3, bucket, key, file, sizes }
  const away = (broken: BrokenBody) => refitError('s3-away', { endpoint: s3.endpoint, reason: broken.message })
  let ifAbsent = true
  return again(async () => {
    try {
      // Gigabytes are not sent to learn that they are there.
      if (file.bytes > sizes.single) {
        const there = await whatIsThere(write)
        if (there?.isOurs === true) return there.version
        ifAbsent &&= there === undefined
      }
      return await (file.bytes > sizes.single ? writeInParts(write, ifAbsent) : writeAtOnce(write, ifAbsent))
    } catch (error) {
      if (error instanceof BrokenBody) throw error
      if (statusOf(error) === 412) {
        const there = await whatIsThere(write)
        if (there?.isOurs === true) return there.version
        // Something else lies there under the name of our content; or something removed, which some servers that keep
        // versions take for present. Either way our content is right.
        ifAbsent = false
        throw new BrokenBody('another content lies under the key', { cause: error })
      }
      if (faultName(error) === 'NotImplemented' && ifAbsent) {
        // The server knows no conditional writes: the same content would take the place of itself.
        ifAbsent = false
        throw new BrokenBody('it knows no conditional writes', { cause: error })
      }
      if (SEND_AGAIN.has(faultName(error))) throw new BrokenBody(`it got another content than was sent (${faultName(error)})`, { cause: error })
      if (isUnreadable(error)) throw new BrokenBody('its answer cannot be read', { cause: error })
      throw s3Fault(error, { action: 'to write', bucket, key, endpoint: s3.endpoint })
    }
  }, away)
}

interface Write {
  readonly s3: S3
  readonly bucket: string
  readonly key: string
  readonly file: FileToWrite
  readonly sizes: UploadSizes
}

async function writeAtOnce({ s3: { sdk, client }, bucket, key, file }: Write, ifAbsent: boolean): Promise<string | undefined> {
  const command = new sdk.PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: await readFile(file.path),
    ContentLength: file.bytes,
    ChecksumSHA256: Buffer.from(file.sha256, 'hex').toString('base64'),
    ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
  })
  const answer = await client.send(command)
  if (answer.ETag === undefined) throw new BrokenBody('it answers without saying that it has stored the object')
  return realVersion(answer.VersionId)
}

async function writeInParts(write: Write, ifAbsent: boolean): Promise<string | undefined> {
  const { s3, bucket, key } = write
  const { sdk, client } = s3
  const { UploadId: upload } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ChecksumAlgorithm: 'SHA256' }))
  if (upload === undefined) throw new BrokenBody('it answers without beginning an upload')
  try {
    const parts = await sendParts(write, upload)
    const command = new sdk.CompleteMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload, MultipartUpload: { Parts: parts }, ...(ifAbsent ? { IfNoneMatch: '*' } : {}) })
    const answer = await client.send(command)
    if (answer.ETag === undefined) throw new BrokenBody('it answers without saying that it has stored the object')
    return realVersion(answer.VersionId)
  } catch (error) {
    if (faultName(error) === 'NoSuchUpload') {
      // A repeated request finds the upload completed by the one whose answer was lost.
      const there = await whatIsThere(write)
      if (there?.isOurs === true) return there.version
      throw new BrokenBody('it has lost the upload', { cause: error })
    }
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload })).catch(() => undefined)
    throw error
  }
}

interface SentPart {
  readonly PartNumber: number
  readonly ETag: string
  readonly ChecksumSHA256?: string
}

async function sendParts(write: Write, upload: string): Promise<SentPart[]> {
  const { file, sizes } = write
  const partBytes = Math.max(sizes.part, Math.ceil(file.bytes / MOST_PARTS))
  const count = Math.ceil(file.bytes / partBytes)
  const handle = await open(file.path, 'r')
  const parts: SentPart[] = []
  let next = 0
  let failed = false
  const sender = async (): Promise<void> => {
    while (next < count && !failed) {
      const index = next
      next += 1
      try {
        parts[index] = await sendPart(write, upload, handle, index + 1, { from: index * partBytes, bytes: Math.min(partBytes, file.bytes - index * partBytes) })
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  // All have ended, one way or the other, before the file is closed and the upload aborted.
  const senders = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, sender))
  await handle.close()
  const fault = senders.find((each) => each.status === 'rejected')
  if (fault !== undefined) throw fault.reason
  return parts
}

async function sendPart({ s3, bucket, key }: Write, upload: string, handle: FileHandle, number: number, { from, bytes }: { readonly from: number; readonly bytes: number }): Promise<SentPart> {
  const { sdk, client, endpoint } = s3
  const body = Buffer.alloc(bytes)
  const { bytesRead } = await handle.read(body, 0, bytes, from)
  if (bytesRead !== bytes) throw new Error('a file has become shorter while it was stored')
  return again(
    async () => {
      try {
        const command = new sdk.UploadPartCommand({ Bucket: bucket, Key: key, UploadId: upload, PartNumber: number, Body: body, ContentLength: bytes, ChecksumAlgorithm: 'SHA256' })
        const answer = await client.send(command)
        if (answer.ETag === undefined) throw new BrokenBody('it answers without saying that it has stored the part')
        const checksum = answer.ChecksumSHA256
        return { PartNumber: number, ETag: answer.ETag, ...(checksum === undefined ? {} : { ChecksumSHA256: checksum }) }
      } catch (error) {
        if (SEND_AGAIN.has(faultName(error))) throw new BrokenBody(`it got another content than was sent (${faultName(error)})`, { cause: error })
        throw error
      }
    },
    ({ message }) => refitError('s3-away', { endpoint, reason: message }),
  )
}

/** What lies under the key: `isOurs` if it is the content of the file. Undefined when there is nothing. */
async function whatIsThere(write: Write): Promise<{ readonly isOurs: boolean; readonly version: string | undefined } | undefined> {
  const { s3: { sdk, client, endpoint }, bucket, key, file } = write
  try {
    const answer = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))
    const version = realVersion(answer.VersionId)
    if (answer.ContentLength !== file.bytes) return { isOurs: false, version }
    const checksum = answer.ChecksumSHA256
    // One of an object in parts is of the parts' checksums, and says so by its count; some servers keep none at all.
    const sha256 = checksum === undefined || checksum.includes('-') ? await hashThere(write, version) : Buffer.from(checksum, 'base64').toString('hex')
    return { isOurs: sha256 === file.sha256, version }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw s3Fault(error, { action: 'to look at', bucket, key, endpoint })
  }
}

/** The hash of what lies under the key, of all of it: two contents of one size may lie under one name. */
async function hashThere({ s3: { sdk, client }, bucket, key }: Write, version: string | undefined): Promise<string> {
  const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...(version === undefined ? {} : { VersionId: version }) }))
  const hash = createHash('sha256')
  if (!(answer.Body instanceof Readable)) throw new BrokenBody('it answers without the content of the object')
  try {
    await pipeline(answer.Body, hash)
  } catch (error) {
    throw new BrokenBody('the content of the object broke off', { cause: error })
  }
  return hash.digest('hex')
}

/** `null` names what is written where versions are not kept. */
function realVersion(version: string | undefined): string | undefined {
  return version === 'null' ? undefined : version
}
