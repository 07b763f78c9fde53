import type { Readable } from 'node:stream'

/** An object as the server tells of it. */
export interface BucketObject {
  readonly key: string
  readonly bytes: number
  readonly modified: Date
  /** As given, with its quotes. */
  readonly etag: string
  /** Where the bucket keeps versions. */
  readonly version?: string
}

/** Which state of an object is meant; neither: the present one. */
export interface Which {
  readonly version?: string | undefined
  readonly etag?: string | undefined
}

/** An object being read: `content` is the whole of it, also over connections that break, or ends with an error. */
export interface Reading {
  readonly object: BucketObject
  readonly content: Readable
}

/** @param version `null` where the object was written before versions were kept, which is as good as none */
export function bucketObject(key: string, bytes: number, modified: Date | undefined, etag: string, version: string | undefined): BucketObject {
  return { key, bytes, modified: modified ?? new Date(0), etag, ...(version === undefined || version === 'null' ? {} : { version }) }
}

/** A key of a listing that says how its keys are encoded, for they may hold what XML cannot. */
export function keyIn(listing: { readonly EncodingType?: string | undefined }, key: string): string {
  if (listing.EncodingType !== 'url') return key
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    // It says that keys are encoded, and this one is not.
    return key
  }
}
