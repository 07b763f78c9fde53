import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEventRelay } from '../support/event-relay.js'
import { deliverByBoto3, needsPython } from '../support/foreign-client.js'
import { createProject, until } from '../support/running-project.js'
import { needsS3Server, s3Server } from '../support/s3-server.js'
import { deliveries, MODEL, smallProject } from '../support/small-project.js'

const SECRET = 'what-versity-must-know'

test('what boto3 leaves in a bucket is announced, trained on and served; what nobody could announce is found at the next start', { ...needsPython, ...needsS3Server }, async (t) => {
  const relay = await startEventRelay(3)
  const server = await s3Server({ webhook: relay.url.replace('://', `://versity:${SECRET}@`) })
  const bucket = await server.bucket('drops', { versions: true })
  const source = `s3('s3://${bucket}/weeks', { endpoint: '${server.endpoint}', listEvery: '1 hour', announcements: { secret: secret('S3_EVENTS') } })`
  const project = await createProject(smallProject({ source }))
  t.after(async () => {
    await project.close()
    await relay.stop()
    await server.close()
  })
  const { accessKeyId, secretAccessKey } = server.access.credentials
  const environment = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, S3_EVENTS: SECRET }
  const up = async (): Promise<void> => {
    await project.up({ environment })
    relay.target = `${project.api().url}/api/v1/announcements`
  }
  const deliver = (key: string, seed: number): Promise<void> => deliverByBoto3(bucket, [{ put: `weeks/${key}`, content: deliveries(seed) }], server.environment)
  const drops = async (): Promise<readonly string[]> => (await project.api().drops(MODEL, {})).drops.map(({ id, key, state }) => `${id.slice(MODEL.length + 1)} ${key} ${state}`).toSorted()

  await up()
  await deliver('week 01+é.csv', 1)
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  await deliver('week 01+é.csv', 2)
  await deliver('week 02.csv', 3)
  await until('the corrected week and the next one', async () => ((await drops()).length === 3 ? true : undefined))
  await until('what superseded the first', async () => ((await drops()).join(', ') === 'd1 week 01+é.csv superseded, d2 week 01+é.csv ingested, d3 week 02.csv ingested' ? true : undefined))
  assert.deepEqual(new Set(relay.statuses), new Set([200]))

  // While the control server is dead its events are lost.
  relay.target = undefined
  await project.kill('control')
  await deliver('week 03.csv', 4)
  await up()
  await until('the third week', async () => ((await drops()).includes('d4 week 03.csv ingested') ? true : undefined))

  // A database that goes away is no answer of success.
  await project.kill('postgres')
  await deliver('week 04.csv', 5)
  await until('the fourth week', async () => {
    // Whoever posts it repeats it, as senders do.
    await deliver('week 04.csv', 5)
    const present: readonly string[] = await drops().catch(() => [])
    return present.includes('d5 week 04.csv ingested') ? true : undefined
  }, 1000)
  assert.deepEqual([...new Set(relay.statuses)].filter((status) => status !== 200 && status !== 503), [])
  assert.equal((await drops()).length, 5)
})
