import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Lineage } from '../../src/registry/version.js'
import { openBucket, type Bucket } from '../../src/s3/bucket.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { needsS3Server, startS3Server, type S3Server } from '../support/s3-server.js'
import { DROPS, HOLD, MODEL, deliveries, smallProject } from '../support/small-project.js'

interface Living {
  readonly server: S3Server
  readonly bucket: Bucket
  readonly project: RunningProject
  up(pauseAt?: string): Promise<void>
}

/** The small project with its objects in a bucket that keeps versions. Its keys are secrets, its endpoint comes from the environment. */
async function livingProject(t: TestContext): Promise<Living> {
  const server = await startS3Server(t)
  const name = await server.bucket('models', { versions: true })
  const bucket = openBucket(name, server.access)
  t.after(() => bucket.close())
  const files = smallProject()
  const objects = `{ s3: 's3://${name}/refit', credentials: { accessKeyId: secret('STORAGE_KEY'), secretAccessKey: secret('STORAGE_SECRET') } }`
  const config = (files['refit.config.ts'] ?? '').replace('import { ', 'import { secret, ').replace('defineProject({', `defineProject({ objects: ${objects},`)
  const project = await createProject({ ...files, 'refit.config.ts': config })
  t.after(() => project.close())
  const { accessKeyId, secretAccessKey } = server.access.credentials
  const environment = { AWS_ENDPOINT_URL: server.endpoint, STORAGE_KEY: accessKeyId, STORAGE_SECRET: secretAccessKey }
  return { server, bucket, project, up: (pauseAt) => project.up({ environment, ...(pauseAt === undefined ? {} : { pauseAt }) }) }
}

async function served(project: RunningProject): Promise<unknown> {
  const answer = await project.predict(MODEL, [{ distance_km: 100 }])
  assert.equal(answer?.status, 200)
  return Value.Parse(Type.Object({ version: Type.Integer() }), answer.body).version
}

async function keysOf(bucket: Bucket): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of bucket.list('')) keys.push(key)
  return keys
}

test('a whole lifecycle with its objects in a bucket: uploaded, trained, served, and found again by an auditor', needsS3Server, async (t) => {
  const { bucket, project, up } = await livingProject(t)
  await up()
  const content = deliveries(1)
  const { drop } = await project.api().upload(MODEL, 'week-01.csv', Readable.from([Buffer.from(content)]))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  await until('version 1 to be live', async () => ((await project.predict(MODEL, [{ distance_km: 100 }]))?.status === 200 ? true : undefined))
  assert.ok(!existsSync(join(project.stateFolder, 'objects')))
  const kinds = new Set((await keysOf(bucket)).map((key) => key.split('/').slice(0, 2).join('/')))
  assert.deepEqual([...kinds].toSorted(), ['refit/files', 'refit/manifests', 'refit/parts', 'refit/raw'])

  const { lineage } = await project.api().version(MODEL, 1)
  const { drops, package: made } = Value.Parse(Lineage, lineage)
  const ofName = (object = ''): string | undefined => /[0-9a-f]{64}/.exec(object)?.[0]
  const objects = [...drops, ...drops.flatMap(({ part }) => part ?? []), ...(made === undefined ? [] : [made]), ...(made?.files ?? [])]
  const named = objects.map(({ object, objectVersion }) => ({ object, objectVersion, sha256: ofName(object) }))
  assert.deepEqual([...new Set(named.map(({ object }) => object?.split('/')[0]))], ['raw', 'parts', 'manifests', 'files'])
  assert.equal(drops[0]?.objectVersion, drop.objectVersion)
  assert.deepEqual(run.package, { object: made?.object, objectVersion: made?.objectVersion })
  for (const { object, objectVersion, sha256 } of named) {
    assert.ok(object !== undefined && objectVersion !== undefined)
    const key = `refit/${object}`
    // Somebody writes over it, and removes it: its version is what it was.
    const { sdk, client } = await bucket.s3()
    await client.send(new sdk.PutObjectCommand({ Bucket: bucket.name, Key: key, Body: 'something else' }))
    await bucket.remove(key)
    const reading = await bucket.read(key, { version: objectVersion })
    assert.ok(reading !== undefined)
    assert.equal(createHash('sha256').update(await buffer(reading.content)).digest('hex'), sha256)
  }
})

test('a control server that is killed goes on with objects from the bucket, also without its copies', needsS3Server, async (t) => {
  const { project, up } = await livingProject(t)
  await up('split:before')
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  await project.paused()
  await project.kill('control', 'children')
  await project.remove('.refit/object-copies')
  await up()
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))
  const second = await project.ended(`${MODEL}-2`)
  assert.equal(second.outcome, 'promoted', second.explanation)
})

test('while the bucket is away predictions go on and a run waits with what it has trained; then it is promoted', needsS3Server, async (t) => {
  const { server, project, up } = await livingProject(t)
  await up()
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await until('version 1 to be live', async () => ((await project.predict(MODEL, [{ distance_km: 100 }]))?.status === 200 ? true : undefined))

  await project.put(HOLD, '')
  await project.put(`${DROPS}/week-02.csv`, deliveries(2))
  await until('the training of run 2', async () => ((await project.processesOf(`${MODEL}-2`, 'train')).length > 0 ? true : undefined))
  await server.halt()
  await project.remove(HOLD)
  const log = join(project.stateFolder, 'logs', 'control.log')
  await until('run 2 to wait', async () => ((await readFile(log, 'utf8')).includes(`run ${MODEL}-2 waits for the object store`) ? true : undefined))
  assert.equal(await served(project), 1)
  const refused = await project.api().upload(MODEL, 'week-03.csv', Readable.from(['x'])).catch((error: unknown) => error)
  assert.ok(refused instanceof Error && 'code' in refused && refused.code === 's3-away', String(refused))
  // A serving process that starts meanwhile has what it needs on its own disk.
  await project.kill('serving')
  await until('serving to be back', async () => ((await project.predict(MODEL, [{ distance_km: 100 }]))?.status === 200 ? true : undefined))
  assert.equal(await served(project), 1)
  assert.equal((await project.api().run(`${MODEL}-2`)).state, 'active')

  await server.start()
  const run = await project.ended(`${MODEL}-2`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  assert.deepEqual(run.attempts.filter(({ stage }) => stage === 'train').map(({ state }) => state), ['finished'])
  await until('version 2 to be live', async () => ((await served(project)) === 2 ? true : undefined))
})

test('a project whose bucket cannot be reached as it is set up is told so at once', needsS3Server, async (t) => {
  const { project } = await livingProject(t)
  await assert.rejects(project.up({ environment: {} }), /STORAGE_KEY/)
})
