import type { Bucket } from '../../s3/bucket.js'
import { s3Fault } from '../../s3/faults.js'
import { bucketObject, keyIn, type BucketObject } from '../../s3/object.js'
import { refitError } from '../../errors.js'

/**
 * The objects of a bucket that keeps versions, each in its present one: a plain listing does not tell which that is.
 * @throws RefitError as `Bucket.list`
 */
export async function* latestVersions(bucket: Bucket, prefix: string, signal: AbortSignal): AsyncIterable<BucketObject> {
  const { sdk, client, endpoint } = await bucket.s3()
  let former: string | undefined
  let after: { readonly KeyMarker: string; readonly VersionIdMarker?: string } | undefined
  do {
    const page = new sdk.ListObjectVersionsCommand({ Bucket: bucket.name, Prefix: prefix, EncodingType: 'url', ...after })
    const answer = await client.send(page, { abortSignal: signal }).catch((error: unknown) => {
      throw s3Fault(error, { action: 'to list the versions of', bucket: bucket.name, key: prefix, endpoint })
    })
    for (const { Key: key, Size: bytes, LastModified: modified, ETag: etag, VersionId: version, IsLatest: isLatest } of answer.Versions ?? []) {
      if (key === undefined || bytes === undefined || etag === undefined) throw notWhole(endpoint)
      // Servers differ in whether a page begins with what the former one ended with.
      if (isLatest !== true || key === former) continue
      former = key
      yield bucketObject(keyIn(answer, key), bytes, modified, etag, version)
    }
    const { IsTruncated: isTruncated, NextKeyMarker: key, NextVersionIdMarker: version } = answer
    if (isTruncated === true && key === undefined) throw notWhole(endpoint)
    after = isTruncated !== true || key === undefined ? undefined : { KeyMarker: keyIn(answer, key), ...(version === undefined ? {} : { VersionIdMarker: version }) }
  } while (after !== undefined)
}

function notWhole(endpoint: string): Error {
  return refitError('s3-away', { endpoint, reason: 'its list of versions is not whole' })
}
