import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseS3Address, type S3Access } from '../define/s3-location.js'
import { refitError } from '../errors.js'
import { openBucket, type Bucket } from '../s3/bucket.js'
import type { BucketObject } from '../s3/object.js'

/** An object of a bucket on local disk, to be looked at. */
export interface FetchedSample {
  readonly file: string
  /** Where its like arrive: the address that was given, or the folder of the object that it named. */
  readonly address: string
  dispose(): Promise<void>
}

/** Newer objects that are larger are passed over for one that is soon fetched. */
const LARGE_BYTES = 1024 ** 3
const MOST_LISTED = 10_000
const data = /\.(csv|tsv|txt|json|ndjson|jsonl|parquet)(\.gz|\.zst)?$/i
/** What lies beside tables more often than it is one. */
const doubtful = /\.(txt|json)(\.gz|\.zst)?$/i

/**
 * Fetches the newest object of data below an address, or the one that it names.
 * @throws RefitError `data-unfit` when there is none, `choice-invalid` for what is no address, and what `Bucket` has
 */
export async function fetchSample(address: string, access: S3Access, signal: AbortSignal): Promise<FetchedSample> {
  const place = parseS3Address(address)
  if (place === undefined) {
    const faults = [{ path: '--from', message: `"${address}" is no address of S3; write s3://bucket or s3://bucket/prefix` }]
    throw refitError('choice-invalid', { count: 1 }, { faults })
  }
  const bucket = openBucket(place.bucket, access)
  const folder = await mkdtemp(join(tmpdir(), 'refit-sample-'))
  const dispose = async (): Promise<void> => {
    bucket.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const named = place.prefix === '' || place.prefix.endsWith('/') ? undefined : await bucket.head(place.prefix)
    const object = named ?? (await newestBelow(bucket, place.prefix === '' || place.prefix.endsWith('/') ? place.prefix : `${place.prefix}/`, signal))
    const reading = object === undefined ? undefined : await bucket.read(object.key, { etag: object.etag })
    if (object === undefined || reading === undefined) throw refitError('data-unfit', { file: address, reason: 'there is no CSV, JSON or Parquet below it.' })
    const file = join(folder, basename(object.key))
    await pipeline(reading.content, createWriteStream(file), { signal })
    return { file, address: named === undefined ? address : `s3://${place.bucket}/${place.prefix.slice(0, -basename(place.prefix).length)}`.replace(/\/$/, ''), dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function newestBelow(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<BucketObject | undefined> {
  const found: BucketObject[] = []
  let listed = 0
  for await (const object of bucket.list(prefix, signal)) {
    if (data.test(object.key) && object.bytes > 0) found.push(object)
    listed += 1
    if (listed >= MOST_LISTED) break
  }
  const tables = found.some(({ key }) => !doubtful.test(key)) ? found.filter(({ key }) => !doubtful.test(key)) : found
  const [smallest] = tables.toSorted((a, b) => a.bytes - b.bytes)
  const small = tables.filter(({ bytes }) => bytes <= LARGE_BYTES)
  return small.toSorted((a, b) => b.modified.getTime() - a.modified.getTime() || (a.key < b.key ? 1 : -1))[0] ?? smallest
}
