import { createReadStream } from 'node:fs'
import type { S3Access, S3Address } from '../../define/s3-location.js'
import { refitError } from '../../errors.js'
import { again, BrokenBody } from '../../s3/again.js'
import { openBucket } from '../../s3/bucket.js'
import type { Patience } from '../../s3/client.js'
import { writeOnce, type UploadSizes } from '../../s3/upload.js'
import { compareOnce } from '../compared.js'
import { hashInKey, hashOfFile, isObjectKey, objectKey } from '../key.js'
import type { ObjectStore, StoredObject } from '../object-store.js'
import { openCache, type Incoming } from './cache.js'

export interface S3ObjectsOptions {
  readonly address: S3Address
  readonly access: S3Access
  /** Where copies are kept on local disk. Several processes may share it. */
  readonly cacheFolder: string
  readonly cacheBytes: number
  readonly patience?: Patience
  readonly sizes?: UploadSizes
}

/**
 * Objects in a bucket of an S3-compatible server, with copies on local disk. What goes through here is written to local
 * disk first, so that its hash, and with it its key, is known before it is sent, and what comes back is whole and has the
 * right hash before anybody sees it.
 *
 * All methods reject with what `Bucket` does as well.
 */
export function s3Objects({ address, access, cacheFolder, cacheBytes, patience, sizes }: S3ObjectsOptions): ObjectStore {
  const bucket = openBucket(address.bucket, access, patience)
  const cache = openCache(cacheFolder, cacheBytes)
  // A copy has the time at which it was last asked for.
  const comparing = compareOnce({ keepsTime: false })
  const fetching = new Map<string, Promise<string>>()
  const start = address.prefix === '' || address.prefix.endsWith('/') ? address.prefix : `${address.prefix}/`
  const inBucket = (key: string): string => `${start}${key}`

  const store = async (incoming: Incoming, prefix: string, ending: string): Promise<StoredObject> => {
    try {
      const { sha256, bytes } = incoming
      const key = objectKey(prefix, sha256, ending)
      const version = await writeOnce(await bucket.s3(), bucket.name, inBucket(key), incoming, sizes)
      // What has just been stored is what will be read next.
      await cache.keep(incoming, key)
      return { key, sha256, bytes, ...(version === undefined ? {} : { version }) }
    } finally {
      await cache.drop(incoming)
    }
  }

  const fetch = (key: string): Promise<string> => {
    const expected = hashInKey(key)
    return again(
      async () => {
        const reading = await bucket.read(inBucket(key), {}, { checksum: false })
        if (reading === undefined) throw refitError('object-missing', { key })
        const incoming = await cache.receive(reading.content)
        try {
          if (incoming.sha256 !== expected) throw new BrokenBody('its content has another hash')
          return await cache.keep(incoming, key)
        } finally {
          await cache.drop(incoming)
        }
      },
      ({ message }) => refitError('object-damaged', { key, reason: message }),
    )
  }

  /** The copy on local disk; one that has suffered is removed, for the object need not have. */
  const soundCopy = async (key: string): Promise<string | undefined> => {
    const sha256 = hashInKey(key)
    const copy = await cache.find(key)
    if (copy === undefined || (await comparing.isSound(copy, sha256))) return copy
    await cache.remove(key)
    return undefined
  }

  const localPath = async (key: string): Promise<string> => {
    const present = fetching.get(key) ?? (await soundCopy(key))
    if (present !== undefined) return present
    // Another call may have begun during the look.
    const begun = fetching.get(key) ?? fetch(key).finally(() => fetching.delete(key))
    fetching.set(key, begun)
    return begun
  }

  return {
    put: async (prefix, content, ending = '') => store(await cache.receive(content), prefix, ending),
    putFile: async (prefix, path, ending = '') => store(await cache.adopt(path), prefix, ending),
    has: async (key) => isObjectKey(key) && (await bucket.head(inBucket(key))) !== undefined,
    read: async (key) => {
      const path = await localPath(key)
      if ((await hashOfFile(path)) === hashInKey(key)) return createReadStream(path)
      // The copy has suffered; the object need not have.
      await cache.remove(key)
      return createReadStream(await localPath(key))
    },
    localPath,
    list: async function* list(prefix) {
      for await (const { key: name, bytes, modified } of bucket.list(inBucket(prefix))) {
        const key = name.slice(start.length)
        if (isObjectKey(key)) yield { key, bytes, modified }
      }
    },
    remove: async (key) => {
      hashInKey(key)
      await bucket.remove(inBucket(key))
      await cache.remove(key)
    },
  }
}
