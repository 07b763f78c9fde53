import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { Value } from 'typebox/value'
import { parseS3Address } from '../../define/s3-location.js'
import { RefitError, refitError } from '../../errors.js'
import { openBucket } from '../../s3/bucket.js'
import type { BucketObject } from '../../s3/object.js'
import type { Announced } from '../announced.js'
import { groupFiles } from '../grouping.js'
import type { ListedFile, Source } from '../source.js'
import { options } from './definition.js'
import { latestVersions } from './latest-versions.js'
import { sqsQueue } from './sqs-queue.js'

/** The objects below a prefix of a bucket, found by listing; or the drops that several of them make. */
export function s3Source(given: Readonly<Record<string, unknown>>): Source {
  const { address, complete, listEvery, announcements, queue, ...access } = Value.Parse(options, given)
  const { bucket: bucketName, prefix: written } = parseS3Address(address) ?? { bucket: '', prefix: '' }
  // A prefix is a folder: `weeks` does not mean `weeks-2026`.
  const prefix = written === '' || written.endsWith('/') ? written : `${written}/`
  const home = `s3://${bucketName}/${prefix}`
  const name = home.replace(/\/$/, '')
  const bucket = openBucket(bucketName, access)
  /** Whether an object is known by its version; undefined: not asked yet. */
  let isVersioned: boolean | undefined

  const unreadable = (error: unknown): unknown =>
    error instanceof RefitError && !error.code.startsWith('source-') ? refitError('source-unreadable', { source: name, reason: error.message }, { cause: error }) : error

  const askVersioned = async (): Promise<boolean> => (await bucket.keepsVersions()) ?? false

  const fileOf = (object: BucketObject): ListedFile => ({ key: object.key.slice(prefix.length), version: versionOf(object, isVersioned === true), bytes: object.bytes })

  const list = async (signal: AbortSignal): Promise<readonly ListedFile[]> => {
    signal.throwIfAborted()
    isVersioned = await askVersioned()
    const listed: ListedFile[] = []
    for await (const object of isVersioned ? latestVersions(bucket, prefix, signal) : bucket.list(prefix, signal)) {
      if (!isFolder(object, prefix)) listed.push(fileOf(object))
    }
    return listed
  }

  const open: Source['open'] = async ({ key, version }) => {
    if (isNoKey(key)) throw refitError('source-object-gone', { key })
    const gone = (cause?: unknown): RefitError => refitError('source-object-gone', { key }, { cause })
    const goneCodes = ['s3-object-changed', ...(hasSteps(key) ? ['s3-refused'] : [])]
    const translated = (error: unknown): unknown => (error instanceof RefitError && goneCodes.includes(error.code) ? gone(error) : unreadable(error))
    try {
      const etag = etagOf(version)
      const reading = await bucket.read(prefix + key, { etag })
      if (reading === undefined) throw gone()
      if (versionOf(reading.object, etag === undefined) !== version) {
        reading.content.destroy()
        throw gone()
      }
      return whole(reading.content, translated)
    } catch (error) {
      throw translated(error)
    }
  }
  const group = complete === undefined ? undefined : groupFiles(complete, home, open)
  const announced: Announced = {
    secret: announcements?.secret,
    topics: announcements?.topics ?? [],
    keyOf: (announcedBucket, key) => {
      const within = announcedBucket === bucketName && key.startsWith(prefix) ? key.slice(prefix.length) : ''
      if (within === '' || within.endsWith('/')) return undefined
      return complete === '_SUCCESS' && posix.basename(within) !== '_SUCCESS' ? undefined : within
    },
    ...(queue === undefined ? {} : { queue: sqsQueue(queue, access) }),
  }

  return {
    name,
    appearsWhole: true,
    announced,
    every: listEvery,
    list: async ({ signal }) => {
      try {
        const files = await list(signal)
        return group === undefined ? files : await group(files)
      } catch (error) {
        throw unreadable(error)
      }
    },
    // Whether a drop of several files is complete, only a listing tells.
    ...(group === undefined
      ? {
          find: async (key: string) => {
            if (isNoKey(key)) return undefined
            try {
              isVersioned ??= await askVersioned()
              const object = await bucket.head(prefix + key)
              return object === undefined || isFolder(object, prefix) ? undefined : fileOf(object)
            } catch (error) {
              if (hasSteps(key) && error instanceof RefitError && error.code === 's3-refused') return undefined
              throw unreadable(error)
            }
          },
        }
      : {}),
    open,
    watch: () =>
      Promise.resolve(() => {
        bucket.close()
        return Promise.resolve()
      }),
  }
}

/**
 * The version of an object: that of the bucket where it keeps them, otherwise what differs whenever it is written anew,
 * as far as S3 tells. The time is in whole seconds, for looking at a single object gives no finer one.
 */
function versionOf({ version, etag, bytes, modified }: BucketObject, isVersioned: boolean): string {
  if (isVersioned && version !== undefined) return version
  return `"${etag.replaceAll('"', '')}" ${bytes} ${new Date(Math.floor(modified.getTime() / 1000) * 1000).toISOString()}`
}

/** The tag within a version that is none of the bucket's own. */
function etagOf(version: string): string | undefined {
  return /^"[^"]*"/.exec(version)?.[0]
}

/** No key of S3 holds what cannot be written in XML, and none is empty. */
function isNoKey(key: string): boolean {
  return key === '' || key.includes('\0')
}

/** Some servers refuse steps such as `..` in a key; others have keys with them. */
function hasSteps(key: string): boolean {
  return /(^|\/)\.\.?(\/|$)/.test(key)
}

/** What consoles and Hadoop leave to show a folder. */
function isFolder({ key, bytes }: BucketObject, prefix: string): boolean {
  return key === prefix || (bytes === 0 && (key.endsWith('/') || key.endsWith('_$folder$')))
}

/** A stream whose faults are told in the words of a source. */
function whole(content: Readable, translate: (error: unknown) => unknown): Readable {
  const chunks = async function* (): AsyncGenerator {
    try {
      yield* content
    } catch (error) {
      throw translate(error)
    }
  }
  const translated = Readable.from(chunks(), { objectMode: false })
  // Nobody may have begun to read.
  translated.once('close', () => content.destroy())
  return translated
}
