import { Type, type Static } from 'typebox'
import type { Fault } from '../errors.js'
import { parseS3Address, S3Access } from './s3-location.js'
import { placesOfSecrets } from './secret.js'
import type { StoredObjects } from './stored-definition.js'

const DEFAULT_CACHE_MEGABYTES = 20_000

/** Where objects are kept, as it is written: an address, or one with how it is reached. */
export const WrittenObjects = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Object({ s3: Type.String({ minLength: 1 }), ...S3Access.properties, cache: Type.Optional(Type.Number({ exclusiveMinimum: 0 })) }, { additionalProperties: false }),
])
export type WrittenObjects = Static<typeof WrittenObjects>

/** Fills in the defaults. Either faults or where objects are kept, never both. */
export function resolveObjects(written: WrittenObjects): { readonly objects: StoredObjects } | { readonly faults: readonly Fault[] } {
  const { s3: text, cache = DEFAULT_CACHE_MEGABYTES, ...access } = typeof written === 'string' ? { s3: written } : written
  const place = typeof written === 'string' ? 'objects' : 'objects.s3'
  const { credentials: _credentials, endpoint: _endpoint, ...plain } = access
  const faults: Fault[] = [...placesOfSecrets(text, place), ...placesOfSecrets(plain, 'objects')].map((path) => ({
    path,
    message: 'a secret can stand only in `credentials` and `endpoint` of `objects`',
  }))
  const address = parseS3Address(text)
  if (address === undefined && faults.length === 0) faults.push({ path: place, message: 'must be an address such as s3://bucket/prefix' })
  if (address === undefined || faults.length > 0) return { faults }
  return { objects: { kind: 's3', ...address, access, cacheBytes: Math.round(cache * 1_000_000) } }
}
