import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sqsQueue } from '../../src/sources/s3/sqs-queue.js'
import { needsPython, runBoto3 } from '../support/foreign-client.js'
import { startMotoServer, type MotoServer } from '../support/moto-server.js'
import { until } from '../support/running-project.js'
import { needsS3Server } from '../support/s3-server.js'
import { drop, notificationOf, startAnnouncing, type Announcing } from './announced-bucket.js'

const needs = { ...needsPython, ...needsS3Server }
let announcing: Announcing
let moto: MotoServer
before(async () => {
  if (needs.skip !== undefined) return
  announcing = await startAnnouncing()
  moto = await startMotoServer()
})
after(async () => {
  await moto?.stop()
  await announcing?.stop()
})

/** Makes a queue that a topic and a rule of EventBridge write to. */
const SET_UP = `
sqs, sns, events = boto3.client('sqs'), boto3.client('sns'), boto3.client('events')
url = sqs.create_queue(QueueName=given['name'])['QueueUrl']
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
topic = sns.create_topic(Name=given['name'])['TopicArn']
sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn)
events.put_rule(Name=given['name'], EventPattern=json.dumps({'source': ['aws.s3'], 'detail-type': ['Object Created']}))
events.put_targets(Rule=given['name'], Targets=[{'Id': '1', 'Arn': arn}])
json.dump({'url': url, 'topic': topic}, sys.stdout)
`

/** Sends `queue`, `topic` and `bridge`: lists of what each gets. */
const SEND = `
sqs, sns, events = boto3.client('sqs'), boto3.client('sns'), boto3.client('events')
for body in given['queue']: sqs.send_message(QueueUrl=given['url'], MessageBody=body)
for body in given['topic']: sns.publish(TopicArn=given['topicArn'], Message=body)
for detail in given['bridge']: events.put_events(Entries=[{'Source': 'aws.s3', 'DetailType': 'Object Created', 'Detail': json.dumps(detail)}])
`

/** Messages that the queue has, hidden or not. */
const COUNT = `
names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']
attributes = boto3.client('sqs').get_queue_attributes(QueueUrl=given['url'], AttributeNames=names)['Attributes']
json.dump(sum(int(attributes[name]) for name in names), sys.stdout)
`

async function setUp(name: string): Promise<{ readonly url: string; readonly topic: string }> {
  const made = await runBoto3(SET_UP, { name }, moto.environment)
  assert.ok(typeof made === 'object' && made !== null && 'url' in made && 'topic' in made && typeof made.url === 'string' && typeof made.topic === 'string')
  return { url: made.url, topic: made.topic }
}

test('what a queue brings, from the bucket, from SNS and from EventBridge, is recorded once, and then deleted from the queue', needs, async (t) => {
  const { url, topic } = await setUp('drops')
  const { bucket, put, recorded, drops, logged } = await announcing.bucket(t, { source: { queue: url } })
  const keys = ['direct +1.csv', 'by topic é.csv', 'by bridge +%2B.csv']
  for (const key of keys) await put(`weeks/${key}`, key)
  const [direct = '', byTopic = '', byBridge = ''] = keys.map((key) => `weeks/${key}`)
  const notification = JSON.stringify(notificationOf(bucket, [direct]))
  const byOtherTopic = JSON.stringify(notificationOf(bucket, [byTopic, direct, 'elsewhere/week.csv']))
  const detail = { bucket: { name: bucket }, object: { key: byBridge, size: 1, etag: 'e', sequencer: '0A' }, reason: 'PutObject' }
  const poison = ['hello', '{"of": "no form"}']
  const sent = { url, topicArn: topic, queue: [poison[0], notification, '{"Service":"Amazon S3","Event":"s3:TestEvent"}', notification, poison[1]], topic: [byOtherTopic, byOtherTopic, notification], bridge: [detail, detail] }
  await runBoto3(SEND, sent, moto.environment)
  assert.deepEqual(new Set(await recorded(keys.length)), new Set(keys.map((key) => drop(key, key))))
  // What cannot be read is left to the redrive of the queue; everything else is done with.
  await until('the queue to be empty but for what cannot be read', async () => ((await runBoto3(COUNT, { url }, moto.environment)) === poison.length ? true : undefined), 200)
  assert.equal((await drops()).length, keys.length)
  assert.equal(logged.filter((line) => line.includes('stays') && line.includes('cannot be read')).length, poison.length)
})

test('a message stays in the queue while what it announces cannot be recorded', needs, async (t) => {
  const { url, topic } = await setUp('while-away')
  const { server, bucket, put, logged, recorded } = await announcing.bucket(t, { source: { queue: url } })
  await put('weeks/week-05.csv', 'x')
  await server.halt()
  const send = { url, topicArn: topic, queue: [JSON.stringify(notificationOf(bucket, ['weeks/week-05.csv']))], topic: [], bridge: [] }
  await runBoto3(SEND, send, moto.environment)
  await until('the message to be tried', () => Promise.resolve(logged.some((line) => line.includes('stays')) ? true : undefined))
  assert.equal(await runBoto3(COUNT, { url }, moto.environment), 1)
  await server.start()
  // It would come again when the queue shows it again, a minute later; the same announcement comes sooner.
  await runBoto3(SEND, send, moto.environment)
  assert.deepEqual(await recorded(1), [drop('week-05.csv', 'x')])
})

test('a queue that is not there is said, and does not keep the bucket from being listed', needs, async (t) => {
  const { logged, put, listed, drops } = await announcing.bucket(t, { source: { queue: `${moto.endpoint}/123456789012/nowhere` } })
  await until('the log', () => Promise.resolve(logged.some((line) => line.includes('nowhere cannot be read')) ? true : undefined))
  await put('weeks/week-05.csv', 'x')
  await listed()
  assert.deepEqual(await drops(), [drop('week-05.csv', 'x')])
})

test('what was received can be held, so that nobody else gets it meanwhile, and removed twice', needs, async (t) => {
  const { url, topic } = await setUp('held')
  const queue = sqsQueue(url, { region: 'us-east-1', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } })
  t.after(() => queue.close())
  await runBoto3(SEND, { url, topicArn: topic, queue: ['a', 'b'], topic: [], bridge: [] }, moto.environment)
  const messages = [...(await queue.receive(AbortSignal.timeout(60_000)))]
  while (messages.length < 2) messages.push(...(await queue.receive(AbortSignal.timeout(60_000))))
  assert.deepEqual(messages.map(({ body }) => body).toSorted(), ['a', 'b'])
  await queue.hold(messages)
  await queue.remove(messages)
  await queue.remove(messages)
  assert.equal(await runBoto3(COUNT, { url }, moto.environment), 0)
  await assert.rejects(queue.receive(AbortSignal.abort()), { name: 'AbortError' })
})
