import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { RefitError } from '../../src/errors.js'
import { snsVerifier, type SnsWeb } from '../../src/triggers/announcements/sns-signature.js'
import type { SnsMessage } from '../../src/triggers/announcements/sns.js'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const certificate = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const host = 'https://sns.us-east-1.amazonaws.com'
const topic = 'arn:aws:sns:us-east-1:111122223333:drops'

/** In place of SNS: what it was asked for, and its certificate for an answer. */
function web(): SnsWeb & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    get: (url) => {
      asked.push(url.href)
      return Promise.resolve(certificate)
    },
  }
}

/** As SNS signs: written out here once more, so that the code is not compared with itself. */
function signed(message: SnsMessage): SnsMessage {
  const { Type: type, Message, MessageId, Subject, Timestamp, TopicArn, Token, SubscribeURL } = message
  const text =
    type === 'Notification'
      ? `Message\n${Message}\nMessageId\n${MessageId}\n${typeof Subject === 'string' ? `Subject\n${Subject}\n` : ''}Timestamp\n${Timestamp ?? ''}\nTopicArn\n${TopicArn}\nType\n${type}\n`
      : `Message\n${Message}\nMessageId\n${MessageId}\nSubscribeURL\n${SubscribeURL ?? ''}\nTimestamp\n${Timestamp ?? ''}\nToken\n${Token ?? ''}\nTopicArn\n${TopicArn}\nType\n${type}\n`
  const algorithm = message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256'
  return { ...message, Signature: createSign(algorithm).update(text).sign(privateKey, 'base64') }
}

const notification = signed({
  Type: 'Notification',
  MessageId: 'm1',
  TopicArn: topic,
  Message: '{"Records":[]}\nwith a second line, é',
  Subject: 'Amazon S3 Notification',
  Timestamp: '2026-01-02T03:04:06.000Z',
  SignatureVersion: '2',
  SigningCertURL: `${host}/SimpleNotificationService-0123abcd.pem`,
})
const subscribeUrl = `${host}/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(topic)}&Token=t0`
const confirmation = signed({ ...notification, Type: 'SubscriptionConfirmation', Token: 't0', SubscribeURL: subscribeUrl })

const refusedFor = (reason: RegExp) => (error: unknown) => error instanceof RefitError && error.code === 'announcement-refused' && reason.test(error.message)

test('what SNS has signed is believed, in both versions of its signature, with and without subject', async () => {
  const sns = web()
  const verifier = snsVerifier(sns)
  const { Subject: _subject, ...withoutSubject } = notification
  const ended = { ...confirmation, Type: 'UnsubscribeConfirmation' as const }
  for (const message of [notification, signed({ ...notification, SignatureVersion: '1' }), signed(withoutSubject), signed({ ...notification, Subject: null }), confirmation, signed(ended)]) await verifier.verify(message)
  // One certificate, fetched once.
  assert.deepEqual(sns.asked, [`${host}/SimpleNotificationService-0123abcd.pem`])
})

test('what was changed after it was signed is refused, whichever part it is', async () => {
  const verifier = snsVerifier(web())
  for (const change of [{ Message: '{}' }, { MessageId: 'm2' }, { Subject: 'x' }, { Subject: null }, { Timestamp: '2027-01-02T03:04:06.000Z' }, { TopicArn: `${topic}2` }, { Signature: 'AAAA' }, { Signature: '' }, { SignatureVersion: '1' }]) {
    await assert.rejects(verifier.verify({ ...notification, ...change }), refusedFor(/signature is not of SNS/), JSON.stringify(change))
  }
  for (const change of [{ Token: 't1' }, { SubscribeURL: `${subscribeUrl}x` }, { Type: 'Notification' as const }]) {
    await assert.rejects(verifier.verify({ ...confirmation, ...change }), refusedFor(/signature is not of SNS/), JSON.stringify(change))
  }
  await assert.rejects(verifier.verify({ ...notification, SignatureVersion: '3' }), refusedFor(/version 3/))
})

test('a certificate is fetched from SNS only, whatever a message names', async () => {
  const sns = web()
  const verifier = snsVerifier(sns)
  for (const address of [
    'https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem',
    'https://evil.example/SimpleNotificationService-1.pem',
    'https://snsXus-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://evil.sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://s3.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem',
    'https://user:pass@sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-1.pem',
    'http://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'http://169.254.169.254/latest/meta-data',
    'https://sns.us-east-1.amazonaws.com/evil/../x.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem?x=1',
    'file:///etc/passwd',
    'nonsense',
    '',
    undefined,
  ]) {
    const { SigningCertURL: _former, ...message } = notification
    await assert.rejects(verifier.verify(address === undefined ? message : { ...message, SigningCertURL: address }), refusedFor(/SigningCertURL/), address)
  }
  assert.deepEqual(sns.asked, [])
})

test('a subscription is confirmed at SNS only, and only that of the topic', async () => {
  const sns = web()
  const verifier = snsVerifier(sns)
  const { SubscribeURL: _none, ...without } = confirmation
  await assert.rejects(verifier.confirm(without), refusedFor(/SubscribeURL/))
  for (const address of [
    'https://evil.example/?Action=ConfirmSubscription',
    subscribeUrl.replace('https:', 'http:'),
    subscribeUrl.replace('ConfirmSubscription', 'DeleteTopic'),
    subscribeUrl.replace('drops', 'others'),
  ]) {
    await assert.rejects(verifier.confirm({ ...confirmation, SubscribeURL: address }), refusedFor(/SubscribeURL/), address)
  }
  assert.deepEqual(sns.asked, [])
  await verifier.confirm(confirmation)
  assert.deepEqual(sns.asked, [subscribeUrl])
})

test('what is no certificate, or no key of RSA, verifies nothing; and SNS may be away', async () => {
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await assert.rejects(snsVerifier({ get: () => Promise.resolve('<html>') }).verify(notification), refusedFor(/no certificate/))
  await assert.rejects(snsVerifier({ get: () => Promise.resolve(elliptic) }).verify(notification), refusedFor(/not of SNS/))
  await assert.rejects(snsVerifier({ get: () => Promise.reject(new Error('no route')) }).verify(notification), { code: 'sns-away', status: 503 })
})
