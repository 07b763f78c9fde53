import type { S3Access } from '../define/s3-location.js'
import { refitError, type RefitError } from '../errors.js'
import { again, BrokenBody } from './again.js'
import { connectS3, type Patience, type S3 } from './client.js'
import { isAbsent, isUnreadable, s3Fault } from './faults.js'
import { bucketObject, keyIn, type BucketObject, type Reading, type Which } from './object.js'
import { readObject } from './reading.js'

/**
 * A bucket on an S3-compatible server. Every method rejects with RefitError `s3-not-installed`, `s3-unconfigured`,
 * `s3-refused`, `s3-bucket-missing` or `s3-away`, whatever the server did.
 */
export interface Bucket {
  readonly name: string
  /** All keys that begin with `prefix`, in the order of the server. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject>
  /** Undefined when there is no such key, or version. */
  head(key: string, which?: Which): Promise<BucketObject | undefined>
  /**
   * Undefined when there is no such key, or version. `content` fails with `s3-object-changed` when it is overwritten or
   * removed while it is read, and with `s3-object-damaged` when the checksum that it was stored with, if any, is another
   * one; `checksum: false` leaves that to the caller.
   */
  read(key: string, which?: Which, options?: { readonly checksum: boolean }): Promise<Reading | undefined>
  /** Harmless when there is none. Where the bucket keeps versions, the former ones stay. */
  remove(key: string): Promise<void>
  /** Whether former versions are kept. Undefined where the server cannot tell. */
  keepsVersions(): Promise<boolean | undefined>
  /** For what is only done in one place. */
  s3(): Promise<S3>
  close(): void
}

/** Nothing is loaded or sent before the first use. */
export function openBucket(name: string, access: S3Access, patience?: Patience): Bucket {
  let connecting: Promise<S3> | undefined
  const s3 = (): Promise<S3> => {
    connecting ??= connectS3(access, patience).catch((error: unknown) => {
      connecting = undefined
      throw error
    })
    return connecting
  }
  return {
    name,
    s3,
    list: (prefix, signal) => list(s3, name, prefix, signal),
    head: async (key, which = {}) => head(await s3(), name, key, which),
    read: async (key, which = {}, { checksum } = { checksum: true }) => readObject(await s3(), name, key, which, checksum),
    remove: async (key) => {
      const { sdk, client, endpoint } = await s3()
      try {
        const { $metadata: metadata } = await client.send(new sdk.DeleteObjectCommand({ Bucket: name, Key: key }))
        // An error may come under the status of a success.
        if (metadata.httpStatusCode !== 204 && (await head({ sdk, client, endpoint }, name, key, {})) !== undefined) throw refitError('s3-away', { endpoint, reason: 'it has not removed what it was asked to' })
      } catch (error) {
        if (!isAbsent(error)) throw s3Fault(error, { action: 'to remove', bucket: name, key, endpoint })
      }
    },
    keepsVersions: async () => keepsVersions(await s3(), name),
    close: () => {
      void connecting?.then(({ client }) => client.destroy()).catch(() => undefined)
      connecting = undefined
    },
  }
}

async function head({ sdk, client, endpoint }: S3, bucket: string, key: string, { version, etag }: Which): Promise<BucketObject | undefined> {
  try {
    const which = { ...(version === undefined ? {} : { VersionId: version }), ...(etag === undefined ? {} : { IfMatch: etag }) }
    const answer = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ...which }))
    if (answer.ETag === undefined || answer.ContentLength === undefined) throw refitError('s3-away', { endpoint, reason: 'it answers without saying what the object is' })
    return bucketObject(key, answer.ContentLength, answer.LastModified, answer.ETag, answer.VersionId)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw s3Fault(error, { action: 'to look at', bucket, key, endpoint })
  }
}

async function* list(s3: () => Promise<S3>, bucket: string, prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject> {
  const { sdk, client, endpoint } = await s3()
  const attempted = { action: 'to list', bucket, key: prefix, endpoint }
  let token: string | undefined
  do {
    // A key may hold what XML cannot.
    const page = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...(token === undefined ? {} : { ContinuationToken: token }) })
    const answer = await again(
      async () => {
        const given = await client.send(page, signal === undefined ? {} : { abortSignal: signal }).catch((error: unknown) => {
          if (isUnreadable(error)) throw new BrokenBody('its list of objects cannot be read', { cause: error })
          throw s3Fault(error, attempted)
        })
        // An error under the status of a success.
        if (given.IsTruncated === undefined && given.KeyCount === undefined) throw new BrokenBody('its list of objects is none')
        return given
      },
      ({ message }) => refitError('s3-away', { endpoint, reason: message }),
    )
    for (const { Key: key, Size: bytes, LastModified: modified, ETag: etag } of answer.Contents ?? []) {
      if (key === undefined || bytes === undefined || etag === undefined) throw unreadableList(endpoint)
      yield bucketObject(keyIn(answer, key), bytes, modified, etag, undefined)
    }
    const next = answer.IsTruncated === true ? answer.NextContinuationToken : undefined
    if (answer.IsTruncated === true && (next === undefined || next === token)) throw unreadableList(endpoint)
    token = next
  } while (token !== undefined)
}

function unreadableList(endpoint: string): RefitError {
  return refitError('s3-away', { endpoint, reason: 'its list of objects is not whole' })
}

async function keepsVersions({ sdk, client, endpoint }: S3, bucket: string): Promise<boolean | undefined> {
  try {
    const { Status: status } = await client.send(new sdk.GetBucketVersioningCommand({ Bucket: bucket }))
    return status === 'Enabled'
  } catch (error) {
    const fault = s3Fault(error, { action: 'to look at the versioning of', bucket, endpoint })
    if (error instanceof Error && (error.name === 'NotImplemented' || error.name === 'AccessDenied' || error.name === 'VersioningNotConfigured')) return undefined
    throw fault
  }
}
