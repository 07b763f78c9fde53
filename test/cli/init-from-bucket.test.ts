import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { evaluateProject } from '../../src/roles/evaluate-project.js'
import { connectS3 } from '../../src/s3/client.js'
import { needsS3Server, startS3Server } from '../support/s3-server.js'
import { deliveries } from '../support/small-project.js'
import { refit } from './refit-process.js'

/** A bucket with two weeks of deliveries, the second of them compressed, and what is no data. */
async function bucketWithWeeks(t: TestContext): Promise<{ readonly endpoint: string; readonly environment: Readonly<Record<string, string>>; readonly folder: string }> {
  const server = await startS3Server(t)
  const bucket = await server.bucket('drops')
  const { sdk, client } = await connectS3(server.access)
  t.after(() => client.destroy())
  const put = async (Key: string, Body: Buffer): Promise<void> => {
    await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key, Body, ContentLength: Body.length }))
  }
  await put('delivery time/week-01.csv', Buffer.from('something,else\n1,2\n'))
  await put('delivery time/_SUCCESS', Buffer.alloc(0))
  await put('delivery time/notes.pdf', Buffer.from('%PDF'))
  await put('delivery times of others/week-03.csv', Buffer.from('b\n1\n'))
  // Times of objects are told in seconds, and this one is to be the newest.
  await delay(1100)
  await put('delivery time/week-02.csv.gz', gzipSync(deliveries(2)))
  const folder = await mkdtemp(join(tmpdir(), 'refit-init-bucket-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { accessKeyId, secretAccessKey } = server.access.credentials
  return { endpoint: server.endpoint, folder, environment: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, TMPDIR: tmpdir() } }
}

test('a project is written from the newest object below a prefix, with the bucket as its source, and nothing is copied', needsS3Server, async (t) => {
  const { endpoint, environment, folder } = await bucketWithWeeks(t)
  const { code, out, error } = await refit(['init', '--from', 's3://drops/delivery time', '--endpoint', endpoint, '--target', 'hours', '--yes'], { folder, environment })
  assert.equal(code, 0, error)
  assert.match(out, /the first run begins with what has arrived/)
  const { project } = await evaluateProject(folder, AbortSignal.timeout(60_000))
  assert.deepEqual(Object.keys(project.models), ['delivery-time'])
  const model = project.models['delivery-time']
  assert.deepEqual(model?.source, { kind: 's3', options: { address: 's3://drops/delivery time', endpoint, listEvery: 60_000 } })
  assert.deepEqual(Object.keys(model?.columns ?? {}), ['order_id', 'distance_km', 'hours'])
  assert.match(await readFile(join(folder, 'models', 'delivery-time.ts'), 'utf8'), /from week-02\.csv\.gz in s3:\/\/drops\/delivery time/)
  assert.deepEqual((await readdir(folder)).toSorted(), ['.gitignore', 'models', 'package.json', 'refit.config.ts', 'tsconfig.json'])
})

test('an object that is named is looked at itself, and its folder is the source', needsS3Server, async (t) => {
  const { endpoint, environment, folder } = await bucketWithWeeks(t)
  const { code, error } = await refit(['init', '--from', 's3://drops/delivery time/week-02.csv.gz', '--name', 'hours', '--target', 'hours', '--yes'], { folder, environment: { ...environment, AWS_ENDPOINT_URL: endpoint } })
  assert.equal(code, 0, error)
  const { project } = await evaluateProject(folder, AbortSignal.timeout(60_000))
  assert.deepEqual(project.models['hours']?.source.options, { address: 's3://drops/delivery time', listEvery: 60_000 })
})

test('what cannot be started from is said, and nothing is written', needsS3Server, async (t) => {
  const { endpoint, environment, folder } = await bucketWithWeeks(t)
  for (const [words, said] of [
    [['init'], /name a file of data, or --from/],
    [['init', 'data.csv', '--from', 's3://drops'], /name a file of data, or --from/],
    [['init', '--from', 'drops/weeks'], /"drops\/weeks" is no address of S3/],
    [['init', '--from', 's3://drops/empty', '--endpoint', endpoint], /there is no CSV, JSON or Parquet below it/],
    [['init', '--from', 's3://nowhere/weeks', '--endpoint', endpoint], /There is no bucket nowhere/],
  ] as const) {
    const { code, error } = await refit(words, { folder, environment })
    assert.notEqual(code, 0)
    assert.match(error, said)
  }
  assert.deepEqual(await readdir(folder), [])
})
