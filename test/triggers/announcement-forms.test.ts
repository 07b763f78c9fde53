import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../../src/errors.js'
import type { Announcement } from '../../src/triggers/announcements/announcement.js'
import { readMessage, readRequest } from '../../src/triggers/announcements/read-delivery.js'
import { seededRandom } from '../support/seeded-random.js'
import { malformed, notification, vectors } from './announcement-vectors.js'

const bytes = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
const inWords = ({ kind, bucket, key, versionId }: Announcement): string => [kind, bucket, key, ...(versionId === undefined ? [] : [versionId])].join(' ')

for (const { name, headers = { 'content-type': 'application/json' }, body, announces, envelopes } of vectors) {
  test(`${name} is understood`, () => {
    const announced = readRequest(headers, bytes(body))
    assert.deepEqual(announced.map(inWords), announces)
    if (envelopes !== undefined) assert.deepEqual(announced[0]?.envelopes.map(({ kind }) => kind), envelopes)
  })
}

for (const { name, headers = { 'content-type': 'application/json' }, body, fault } of malformed) {
  test(`${name} is refused, and where it is wrong is said`, () => {
    assert.throws(() => readRequest(headers, bytes(body)), (error) => error instanceof RefitError && error.code === 'announcement-invalid' && fault.test(error.message))
  })
}

test('everything that a notification of S3 tells is kept', () => {
  assert.deepEqual(readMessage(JSON.stringify(notification)), [
    {
      system: 'aws:s3',
      bucket: 'data',
      key: 'train/red floweré.csv',
      rawKey: 'train/red+flower%C3%A9.csv',
      versionId: 'v1',
      eTag: 'd41d8cd98f00b204e9800998ecf8427e',
      size: 1024,
      kind: 'created',
      sequencer: '0055AED6DCD90281E5',
      at: '2026-01-02T03:04:05.678Z',
      deliveryId: 'R1',
      envelopes: [],
    },
  ])
})

test('the attributes of a binary CloudEvent are unquoted, and decoded once', () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': '%2541', 'ce-source': '"/st\\"orage/%C3%A9"', 'ce-type': 'x' }
  const [announcement] = readRequest(headers, bytes({ bucket: 'data', key: 'x' }))
  assert.deepEqual(announcement?.envelopes, [{ kind: 'cloud-event', id: '%41', from: '/st"orage/é', type: 'x' }])
})

test('a key comes back as it was from every way of encoding it', (t) => {
  const random = seededRandom(t)
  const characters = Array.from('abcXYZ019 /+%#?&=;:,@!$*()\'"[]{}|\\^~`<>._-éüß\u00A0中文🌷\t')
  for (let round = 0; round < 500; round += 1) {
    const key = Array.from({ length: 1 + random.below(30) }, () => characters[random.below(characters.length)] ?? 'x').join('')
    const percent = encodeURIComponent(key)
    for (const encoded of [percent, percent.replaceAll('%20', '+'), percent.replaceAll('%2F', '/'), new URLSearchParams({ key }).toString().slice('key='.length)]) {
      const message = { Records: [{ eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'data' }, object: { key: encoded } } }] }
      assert.equal(readMessage(JSON.stringify(message))[0]?.key, key, `${random.seed} ${encoded}`)
    }
  }
})

test('whatever is delivered is understood or refused by an error of the catalogue', (t) => {
  const random = seededRandom(t)
  for (let round = 0; round < 4000; round += 1) {
    const { headers = {}, body } = vectors[random.below(vectors.length)] ?? { body: '' }
    const mangled = bytes(body)
    for (let change = 0; change < 1 + random.below(3); change += 1) {
      const at = random.below(mangled.length)
      mangled[at] = random.below(2) === 0 ? random.below(256) : (mangled[random.below(mangled.length)] ?? 0)
    }
    try {
      for (const { key, bucket, kind } of readRequest(headers, random.below(5) === 0 ? mangled.subarray(0, random.below(mangled.length)) : mangled)) {
        assert.ok(typeof key === 'string' && key !== '' && bucket !== '' && ['created', 'removed'].includes(kind))
      }
    } catch (error) {
      assert.ok(error instanceof RefitError && error.code === 'announcement-invalid', `${random.seed}: ${String(error)}`)
    }
  }
})

test('what nests as deep as JSON can is refused like anything else', () => {
  for (const text of [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, `${'{"data":'.repeat(5000)}1${'}'.repeat(5000)}`]) {
    assert.throws(() => readMessage(text), (error) => error instanceof RefitError && error.code === 'announcement-invalid')
  }
})
