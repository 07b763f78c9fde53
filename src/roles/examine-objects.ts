import type { StoredObjects } from '../define/stored-definition.js'
import { openBucket } from '../s3/bucket.js'
import { probeBucket, type Probed } from '../s3/probe.js'

/** Silence that a person who looks does not want to sit out. */
const PATIENCE = { connect: 3000, idle: 5000 }

/** Tries out the bucket of a project. @throws RefitError `secret-missing`, and as `Bucket` does */
export async function examineObjects({ bucket: name, prefix, access }: StoredObjects): Promise<Probed> {
  const bucket = openBucket(name, access, PATIENCE)
  try {
    return await probeBucket(bucket, prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`)
  } finally {
    bucket.close()
  }
}
