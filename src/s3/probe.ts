import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { refitError } from '../errors.js'
import type { Bucket } from './bucket.js'
import { s3Fault, statusOf } from './faults.js'

/** What a bucket can do, tried out. */
export interface Probed {
  /** Whether it refuses to write over what is there when it is asked to. */
  readonly conditionalWrites: boolean
  /** Whether it keeps former versions; undefined where it does not tell. */
  readonly versions: boolean | undefined
}

/**
 * Writes an object below a prefix, reads it, tries to write it again under a condition, and removes it.
 * @throws RefitError as `Bucket` does
 */
export async function probeBucket(bucket: Bucket, prefix: string): Promise<Probed> {
  const { sdk, client, endpoint } = await bucket.s3()
  const key = `${prefix}doctor/${randomUUID()}`
  const at = { Bucket: bucket.name, Key: key }
  const write = async (ifAbsent: boolean): Promise<string | undefined> => {
    const answer = await client.send(new sdk.PutObjectCommand({ ...at, Body: key, ...(ifAbsent ? { IfNoneMatch: '*' } : {}) }))
    return answer.VersionId
  }
  const written: (string | undefined)[] = []
  try {
    written.push(await write(false))
    const reading = await bucket.read(key)
    if (reading === undefined || (await text(reading.content)) !== key) throw refitError('s3-object-damaged', { place: `s3://${bucket.name}/${key}`, reason: 'it came back as something else' })
    const conditionalWrites = await write(true).then(
      (version) => {
        written.push(version)
        return false
      },
      (error: unknown) => {
        if (statusOf(error) === 412) return true
        if (error instanceof Error && error.name === 'NotImplemented') return false
        throw error
      },
    )
    return { conditionalWrites, versions: await bucket.keepsVersions() }
  } catch (error) {
    throw s3Fault(error, { action: 'to write', bucket: bucket.name, key, endpoint })
  } finally {
    // By their versions, so that nothing stays in a bucket that keeps them.
    for (const version of written) await client.send(new sdk.DeleteObjectCommand({ ...at, ...(version === undefined ? {} : { VersionId: version }) })).catch(() => undefined)
  }
}
