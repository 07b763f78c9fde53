import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { SnsMessage } from '../../src/triggers/announcements/sns.js'
import { deliverByBoto3, needsPython } from '../support/foreign-client.js'
import { until } from '../support/running-project.js'
import { needsS3Server } from '../support/s3-server.js'
import { seededRandom } from '../support/seeded-random.js'
import { bearer, drop, notificationOf, SECRET, startAnnouncing, topic, type Announcing } from './announced-bucket.js'

let announcing: Announcing
before(async () => {
  if (needsS3Server.skip === undefined) announcing = await startAnnouncing()
})
after(() => announcing?.stop())

const needsBoth = { ...needsPython, ...needsS3Server }
const odd = ['a b.csv', 'a+b.csv', 'a%2Bb.csv', 'Zürich/é#1.csv', '100%.csv', "it's (1) & <2>;=.csv", '🌷/week 05.csv']

for (const versions of [false, true]) {
  const kept = versions ? 'where the bucket keeps versions' : 'where it keeps none'
  test(`what boto3 uploads, overwrites and deletes is announced by the server itself, and recorded once each, ${kept}`, needsBoth, async (t) => {
    const { bucket, server, recorded, drops, listed } = await announcing.bucket(t, { versions, webhook: true })
    const deliver = (...deeds: Parameters<typeof deliverByBoto3>[1]): Promise<void> => deliverByBoto3(bucket, deeds, server.environment)
    await deliver(...odd.map((key) => ({ put: `weeks/${key}`, content: key })), { put: 'weeks/folder/', content: '' }, { put: 'others/week.csv', content: 'x' })
    const expected = new Set(odd.map((key) => drop(key, key)))
    assert.deepEqual(new Set(await recorded(odd.length)), expected)
    await deliver({ put: 'weeks/a b.csv', content: 'anew' })
    await recorded(odd.length + 1)
    const large = 'x'.repeat(11 * 1024 * 1024)
    await deliver({ upload: 'weeks/large.csv', content: large }, { copy: 'weeks/a+b.csv', to: 'weeks/copy.csv' }, { delete: 'weeks/100%.csv' })
    await recorded(odd.length + 3)
    for (const [key, content] of [['a b.csv', 'anew'], ['large.csv', large], ['copy.csv', 'a+b.csv']] as const) expected.add(drop(key, content))
    // No listing finds anything that was not announced, and what was deleted stays.
    await listed()
    const present = await drops()
    assert.deepEqual(new Set(present), expected)
    assert.equal(present.length, expected.size)
  })
}

test('announced three times, out of order, with fields that nobody knows, in bodies of many records: each is one drop', needsS3Server, async (t) => {
  const random = seededRandom(t)
  const { bucket, put, post, drops } = await announcing.bucket(t)
  const keys = Array.from({ length: 100 }, (_, index) => `week ${index}+é.csv`)
  for (let from = 0; from < keys.length; from += 20) await Promise.all(keys.slice(from, from + 20).map((key) => put(`weeks/${key}`, key)))
  const whole = notificationOf(bucket, keys.map((key) => `weeks/${key}`), { eventVersion: '2.9', someday: { we: 'will know' } })
  const singly = keys.flatMap((key) => [key, key]).map((key) => notificationOf(bucket, [`weeks/${key}`]))
  const all = [whole, ...singly].map((body) => ({ body, at: random.below(1_000_000) })).toSorted((a, b) => a.at - b.at)
  const answers = await Promise.all(all.map(({ body }) => post(body)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]), random.seed)
  // An answer means that it is recorded: nothing has to be waited for.
  const present = await drops()
  assert.deepEqual(present.toSorted(), keys.map((key) => drop(key, key)).toSorted(), random.seed)
})

test('what is announced to a retired model is refused with the reason, and not recorded', needsS3Server, async (t) => {
  const { bucket, put, post, drops, retire } = await announcing.bucket(t)
  await retire('the shop is sold')
  await until('the refusal', async () => ((await post(notificationOf(bucket, ['weeks/nothing.csv']))).status === 410 ? true : undefined))
  await put('weeks/week-05.csv', 'x')
  const refused = await post(notificationOf(bucket, ['weeks/week-05.csv']))
  assert.equal(refused.status, 410)
  assert.match(refused.body, /"model-retired".*was retired on 2026-06-01 by test: the shop is sold/)
  assert.deepEqual(await drops(), [])
})

test('an old announcement, and one of something that was deleted or never there, records what stands there now', needsS3Server, async (t) => {
  const { bucket, put, post, drops } = await announcing.bucket(t, { versions: true })
  await put('weeks/week-05.csv', 'first')
  await put('weeks/week-05.csv', 'second')
  const old = notificationOf(bucket, ['weeks/week-05.csv'], { s3: { bucket: { name: bucket }, object: { key: 'weeks/week-05.csv', versionId: 'of-the-first', eTag: 'of-the-first', size: 5 } } })
  assert.deepEqual(await post(old), { status: 200, body: '{"announced":1,"looked":1}' })
  assert.equal((await post(notificationOf(bucket, ['weeks/never.csv']))).status, 200)
  assert.deepEqual(await post(notificationOf(bucket, ['weeks/week-05.csv'], { eventName: 'ObjectRemoved:Delete' })), { status: 200, body: '{"announced":1,"looked":0}' })
  assert.deepEqual(await drops(), [drop('week-05.csv', 'second')])
  await put('weeks/week-05.csv', 'first')
  await post(old)
  assert.deepEqual(await drops(), [drop('week-05.csv', 'second'), drop('week-05.csv', 'first')])
})

test('nobody is believed who does not know the secret, and who knows it is told what is wrong', needsS3Server, async (t) => {
  const { bucket, url, put, post, drops } = await announcing.bucket(t)
  await put('weeks/week-05.csv', 'x')
  const body = notificationOf(bucket, ['weeks/week-05.csv'])
  for (const headers of [
    {},
    { Authorization: 'Bearer 0123456789abcdef' },
    { Authorization: `Bearer ${SECRET}x` },
    { Authorization: `Bearer ${SECRET.slice(1)}` },
    { Authorization: `Basic ${Buffer.from(`${SECRET}:x`).toString('base64')}` },
    { 'x-refit-secret': '${secret:TEST_S3_EVENTS}' },
    { 'x-refit-secret': '' },
    { 'x-amz-sns-message-type': 'Notification' },
  ]) {
    const { status, body: answer } = await post(body, headers)
    assert.ok(status === 401 || status === 400, `${JSON.stringify(headers)} ${status} ${answer}`)
  }
  assert.equal((await fetch(`${url}?secret=${SECRET}`, { method: 'POST', body: JSON.stringify(body) })).status, 401)
  assert.deepEqual(await drops(), [])
  for (const [text, fault] of [['{', /is no JSON/], ['{"hello": 1}', /of no form/], ['', /is no JSON/]] as const) {
    const { status, body: answer } = await post(text)
    assert.equal(status, 400)
    assert.match(answer, fault)
  }
  assert.equal((await post(`{"bucket": "${'x'.repeat(2_000_000)}", "key": "y"}`)).status, 413)
  assert.deepEqual(await post(notificationOf('another', ['weeks/week-05.csv'])), { status: 200, body: '{"announced":1,"looked":0}' })
  for (const headers of [bearer, { Authorization: SECRET }, { Authorization: `Basic ${Buffer.from(`any:${SECRET}`).toString('base64')}` }, { 'x-refit-secret': SECRET }]) {
    assert.equal((await post(body, headers)).status, 200, JSON.stringify(headers))
  }
  assert.deepEqual(await drops(), [drop('week-05.csv', 'x')])
})

test('a source that names no secret believes nobody', needsS3Server, async (t) => {
  const { bucket, url, post } = await announcing.bucket(t, { source: { announcements: undefined } })
  assert.equal((await post(notificationOf(bucket, ['weeks/week-05.csv']))).status, 401)
  assert.equal((await post(notificationOf(bucket, ['weeks/week-05.csv']), { 'x-refit-secret': '' })).status, 401)
  assert.equal((await fetch(url, { method: 'OPTIONS', headers: { 'WebHook-Request-Origin': 'events.example.com' } })).status, 401)
})

test('MinIO finds somebody there before it starts, and a sender of CloudEvents is told that it may', needsS3Server, async (t) => {
  const { bucket, url, put, post, drops } = await announcing.bucket(t)
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 204)
  const allowed = await fetch(url, { method: 'OPTIONS', headers: { 'WebHook-Request-Origin': 'events.example.com', 'WebHook-Request-Rate': '120' } })
  assert.deepEqual([allowed.status, ...['WebHook-Allowed-Origin', 'WebHook-Allowed-Rate', 'Allow'].map((name) => allowed.headers.get(name))], [204, 'events.example.com', '*', 'POST'])
  for (const key of ['minio +1.csv', 'binary.csv', 'batch é.csv']) await put(`weeks/${key}`, key)
  const [record] = [notificationOf(bucket, ['weeks/minio +1.csv'], { eventName: 's3:ObjectCreated:Put', eventSource: 'minio:s3' })]
  assert.equal((await post({ EventName: 's3:ObjectCreated:Put', Key: `${bucket}/weeks/minio +1.csv`, ...record })).status, 200)
  const event = { specversion: '1.0', id: 'a1', source: '/storage', type: 'com.example.object.created' }
  const binary = { ...bearer, ...Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value])) }
  assert.equal((await post({ bucket, key: 'weeks/binary.csv' }, binary)).status, 200)
  const batch = [{ ...event, data: { bucket, key: 'weeks/batch é.csv' } }, event]
  assert.equal((await post(batch, { ...bearer, 'Content-Type': 'application/cloudevents-batch+json' })).status, 200)
  assert.deepEqual(await drops(), ['minio +1.csv', 'binary.csv', 'batch é.csv'].map((key) => drop(key, key)))
})

test('while the bucket cannot be reached an announcement is refused, to be repeated; the listing finds what is not', needsS3Server, async (t) => {
  const { server, bucket, put, post, drops, listed } = await announcing.bucket(t)
  await put('weeks/repeated.csv', 'x')
  await server.halt()
  const body = notificationOf(bucket, ['weeks/repeated.csv'])
  assert.equal((await post(body)).status, 502)
  await server.start()
  assert.equal((await post(body)).status, 200)
  assert.deepEqual(await drops(), [drop('repeated.csv', 'x')])
  await put('weeks/never-announced.csv', 'y')
  await listed()
  assert.deepEqual(await drops(), [drop('repeated.csv', 'x'), drop('never-announced.csv', 'y')])
})

test('an object that may not be looked at fails its own announcement alone, and puts no listing off', needsS3Server, async (t) => {
  const { bucket, put, post, drops, recorded, passes } = await announcing.bucket(t, { proxy: ({ method, url }) => (method === 'HEAD' && url.includes('secret.csv') ? { kind: 'status', status: 403, code: 'AccessDenied' } : undefined) })
  const good = ['weeks/week-05.csv', 'weeks/week-06.csv', 'weeks/week-07.csv']
  for (const key of [...good, 'weeks/secret.csv']) await put(key, key)
  const answers = await Promise.all([...good, 'weeks/secret.csv', 'weeks/a\0b.csv'].map((key) => post({ bucket, key })))
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 502, 200])
  assert.equal((await drops()).length, good.length)
  await put('weeks/never-announced.csv', 'y')
  // More than the time between two listings passes, and never so much between two announcements.
  for (let time = 0; time < 4; time += 1) {
    passes(25_000)
    assert.ok([200, 502].includes((await post({ bucket, key: 'weeks/secret.csv' })).status))
  }
  const present = await recorded(5)
  assert.ok(present.includes(drop('never-announced.csv', 'y')), present.join(', '))
})

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const sns = 'https://sns.us-east-1.amazonaws.com'

function signed(message: Omit<SnsMessage, 'Signature' | 'SignatureVersion' | 'SigningCertURL' | 'Timestamp' | 'MessageId'>): SnsMessage {
  const whole = { MessageId: 'm1', Timestamp: '2026-06-01T08:00:00Z', SignatureVersion: '2', SigningCertURL: `${sns}/SimpleNotificationService-1.pem`, ...message }
  const names = (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const).filter((name) => whole[name] !== undefined)
  return { ...whole, Signature: createSign('RSA-SHA256').update(names.map((name) => `${name}\n${String(whole[name])}\n`).join('')).sign(privateKey, 'base64') }
}

test('SNS is believed for its signature, when a source lists the topic; its subscription is confirmed', needsS3Server, async (t) => {
  const asked: string[] = []
  const get = (url: URL): Promise<string> => {
    asked.push(url.href)
    return Promise.resolve(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  }
  const { bucket, put, post, drops, logged } = await announcing.bucket(t, { sns: { get } })
  const postSns = (message: SnsMessage, more: Readonly<Record<string, string>> = {}): ReturnType<typeof post> =>
    post(message, { 'Content-Type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': message.Type, 'x-amz-sns-topic-arn': message.TopicArn, ...more })
  const SubscribeURL = `${sns}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=t0`
  const confirmation = { Type: 'SubscriptionConfirmation', TopicArn: topic, Message: 'You have chosen to subscribe', Token: 't0', SubscribeURL } as const
  const message = JSON.stringify(notificationOf(bucket, ['weeks/week+05 é.csv']))
  const notification = { Type: 'Notification', TopicArn: topic, Message: message } as const
  await put('weeks/week+05 é.csv', 'x')

  for (const [refused, status] of [
    [signed({ ...notification, TopicArn: `${topic}-of-others` }), 403],
    [{ ...signed(notification), Message: `${message} ` }, 403],
    [{ ...signed(notification), SigningCertURL: 'https://evil.example/SimpleNotificationService-1.pem' }, 403],
    [signed({ ...confirmation, TopicArn: `${topic}-of-others` }), 403],
    [signed({ ...confirmation, SubscribeURL: 'https://evil.example/?Action=ConfirmSubscription' }), 403],
    [{ ...signed(confirmation), Token: 't1' }, 403],
  ] as const) {
    assert.equal((await postSns(refused)).status, status)
    // Whoever knows the secret may announce, but what Refit is to ask for must be of SNS all the same.
    if (refused.Type !== 'Notification') assert.equal((await postSns(refused, bearer)).status, status)
  }
  assert.deepEqual([...new Set(asked)], [`${sns}/SimpleNotificationService-1.pem`])
  assert.deepEqual(await drops(), [])

  assert.equal((await postSns(signed(confirmation))).status, 200)
  assert.equal(asked.at(-1), SubscribeURL)
  assert.deepEqual(await postSns(signed(notification)), { status: 200, body: '{"announced":1,"looked":1}' })
  assert.deepEqual(await drops(), [drop('week+05 é.csv', 'x')])
  // Raw delivery has no signature, so it needs the secret.
  const raw = { 'x-amz-sns-message-type': 'Notification', 'x-amz-sns-rawdelivery': 'true' }
  assert.equal((await post(message, raw)).status, 400)
  assert.equal((await post(message, { ...raw, ...bearer })).status, 200)
  assert.equal((await postSns(signed({ ...confirmation, Type: 'UnsubscribeConfirmation' }))).status, 200)
  assert.ok(logged.some((line) => line.includes('has been ended')))
})
