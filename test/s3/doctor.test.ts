import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../../src/errors.js'
import { examineObjects } from '../../src/roles/examine-objects.js'
import { openBucket } from '../../src/s3/bucket.js'
import { needsS3Server, startS3Server } from '../support/s3-server.js'

test('a bucket is tried out and left as it was', needsS3Server, async (t) => {
  const server = await startS3Server(t)
  for (const versions of [false, true]) {
    const bucket = await server.bucket(versions ? 'keeps' : 'plain', { versions })
    const objects = { kind: 's3', bucket, prefix: 'refit', access: server.access, cacheBytes: 1 } as const
    assert.deepEqual(await examineObjects(objects), { conditionalWrites: true, versions })
    const { sdk, client } = await openBucket(bucket, server.access).s3()
    const { Versions: left = [], DeleteMarkers: markers = [] } = await client.send(new sdk.ListObjectVersionsCommand({ Bucket: bucket }))
    assert.deepEqual([left, markers], [[], []])
    client.destroy()
  }
  await assert.rejects(examineObjects({ kind: 's3', bucket: 'elsewhere', prefix: '', access: server.access, cacheBytes: 1 }), (error) => error instanceof RefitError && error.code === 's3-bucket-missing')
})
