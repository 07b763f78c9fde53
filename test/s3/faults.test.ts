import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { RefitError } from '../../src/errors.js'
import { pcg32 } from '../../src/evaluation/random.js'
import type { ObjectStore } from '../../src/objects/object-store.js'
import { s3Objects } from '../../src/objects/s3/adapter.js'
import { MOST_BODIES } from '../../src/s3/again.js'
import { MOST_REQUESTS } from '../../src/s3/client.js'
import { startFaultyProxy, type Fault, type FaultyProxy, type SeenRequest } from '../support/faulty-proxy.js'
import { needsS3Server, startS3Server } from '../support/s3-server.js'

const MIB = 1024 * 1024
/** For silent servers; a busy machine must not seem to be one. */
const IMPATIENT_MS = 400
const PATIENT_MS = 20_000
const sizes = { single: 6 * MIB, part: 5 * MIB }

interface Rig {
  readonly proxy: FaultyProxy
  /** A store whose copies are its own: nothing is at hand that was not fetched through the proxy. */
  fresh(): { readonly store: ObjectStore; readonly forget: () => Promise<void> }
  /** What lies in the bucket, past the proxy. */
  readonly past: ObjectStore
}

async function startRig(t: TestContext, idle: number, plan: (seen: SeenRequest) => Fault | undefined): Promise<Rig> {
  const server = await startS3Server(t)
  const bucket = await server.bucket('objects')
  const proxy = await startFaultyProxy(t, server.endpoint, plan)
  const folder = await mkdtemp(join(tmpdir(), 'refit-faults-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  let opened = 0
  const open = (endpoint: string): { readonly store: ObjectStore; readonly forget: () => Promise<void> } => {
    opened += 1
    const cacheFolder = join(folder, `copies-${opened}`)
    const store = s3Objects({ address: { bucket, prefix: 'refit' }, access: { ...server.access, endpoint }, cacheFolder, cacheBytes: 1e9, patience: { connect: PATIENT_MS, idle }, sizes })
    return { store, forget: () => rm(cacheFolder, { recursive: true, force: true }) }
  }
  return { proxy, fresh: () => open(proxy.endpoint), past: open(server.endpoint).store }
}

const small = Buffer.from('a few rows'.repeat(1000))
/** In three parts. */
const large = Buffer.alloc(13 * MIB, 'rows and rows ')
const keyOf = (content: Buffer): string => `raw/${createHash('sha256').update(content).digest('hex')}`

interface Case {
  readonly name: string
  readonly fault: Fault
  /** Which requests meet it. */
  readonly meets: (seen: SeenRequest) => boolean
  readonly content: Buffer
  readonly does: 'put' | 'read' | 'has' | 'list'
  /** What it ends with when every such request meets it, and how many there are. */
  readonly ends: string
  readonly requests: number
}

const isPut = ({ method, url }: SeenRequest): boolean => method === 'PUT' && !url.includes('partNumber')
const isPart = ({ url }: SeenRequest): boolean => url.includes('partNumber')
const isComplete = ({ method, url }: SeenRequest): boolean => method === 'POST' && url.includes('uploadId')
const isGet = ({ method, url }: SeenRequest): boolean => method === 'GET' && !url.includes('list-type')
const isHead = ({ method }: SeenRequest): boolean => method === 'HEAD'
const isList = ({ url }: SeenRequest): boolean => url.includes('list-type')
const unavailable = { kind: 'status', status: 503, code: 'SlowDown' } as const

const cases: readonly Case[] = [
  { name: '503 to a write', fault: unavailable, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: '503 with a time to come back', fault: { ...unavailable, retryAfter: 1 }, meets: isHead, content: small, does: 'has', ends: 's3-away', requests: MOST_REQUESTS },
  { name: '500 to a part', fault: { kind: 'status', status: 500, code: 'InternalError' }, meets: isPart, content: large, does: 'put', ends: 's3-away', requests: 3 * MOST_REQUESTS },
  { name: '200 with an error to a write', fault: { kind: 'error-in-success', done: false }, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_BODIES },
  { name: '200 with an error to a write that was done', fault: { kind: 'error-in-success', done: true }, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: '200 with an error when parts are put together', fault: { kind: 'error-in-success', done: false }, meets: isComplete, content: large, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: '200 with an error when parts have been put together', fault: { kind: 'error-in-success', done: true }, meets: isComplete, content: large, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: '200 with an error to a read', fault: { kind: 'error-in-success', done: false }, meets: isGet, content: small, does: 'read', ends: 's3-away', requests: MOST_BODIES },
  { name: '200 with an error to a list', fault: { kind: 'error-in-success', done: false }, meets: isList, content: small, does: 'list', ends: 's3-away', requests: MOST_BODIES },
  { name: 'a connection reset before a write', fault: { kind: 'reset', when: 'before' }, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: 'a connection reset after a write', fault: { kind: 'reset', when: 'after' }, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: 'a connection reset within a read', fault: { kind: 'reset', when: 'within' }, meets: isGet, content: small, does: 'read', ends: 's3-away', requests: MOST_BODIES },
  { name: 'a body cut off', fault: { kind: 'cut', quiet: false }, meets: isGet, content: small, does: 'read', ends: 's3-away', requests: MOST_BODIES },
  { name: 'a body cut off that says so', fault: { kind: 'cut', quiet: true }, meets: isGet, content: small, does: 'read', ends: 'object-damaged', requests: MOST_BODIES },
  { name: 'a list cut off', fault: { kind: 'cut', quiet: true }, meets: isList, content: small, does: 'list', ends: 's3-away', requests: MOST_BODIES },
  { name: 'the beginning of an upload cut off', fault: { kind: 'cut', quiet: true }, meets: ({ method, url }) => method === 'POST' && url.includes('uploads'), content: large, does: 'put', ends: 's3-away', requests: MOST_BODIES },
  { name: 'no answer to a write', fault: { kind: 'stall', when: 'before' }, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_REQUESTS },
  { name: 'no rest of a body', fault: { kind: 'stall', when: 'within' }, meets: isGet, content: small, does: 'read', ends: 's3-away', requests: MOST_BODIES },
  { name: 'a bit changed on the way there', fault: { kind: 'flip', way: 'there' }, meets: isPut, content: small, does: 'put', ends: 's3-away', requests: MOST_BODIES },
  { name: 'a bit of a part changed on the way there', fault: { kind: 'flip', way: 'there' }, meets: isPart, content: large, does: 'put', ends: 's3-away', requests: 3 * MOST_BODIES },
  { name: 'a bit changed on the way back', fault: { kind: 'flip', way: 'back' }, meets: isGet, content: small, does: 'read', ends: 'object-damaged', requests: MOST_BODIES },
]

async function perform(store: ObjectStore, { does, content }: Case): Promise<void> {
  switch (does) {
    case 'put':
      assert.equal((await store.put('raw', Readable.from([content]))).key, keyOf(content))
      return
    case 'read':
      assert.ok(content.equals(await buffer(await store.read(keyOf(content)))))
      return
    case 'has':
      assert.equal(await store.has(keyOf(content)), true)
      return
    case 'list': {
      const keys: string[] = []
      for await (const { key } of store.list('raw/')) keys.push(key)
      assert.deepEqual(keys, [keyOf(content)])
    }
  }
}

for (const each of cases) {
  test(`${each.name}: once, it is made good; always, it ends in an error of the catalogue after few requests`, needsS3Server, async (t) => {
    let remaining = 0
    const rig = await startRig(t, each.fault.kind === 'stall' ? IMPATIENT_MS : PATIENT_MS, (seen) => {
      if (!each.meets(seen) || remaining === 0) return undefined
      remaining -= 1
      return each.fault
    })
    if (each.does !== 'put') await rig.past.put('raw', Readable.from([each.content]))
    remaining = 1
    await perform(rig.fresh().store, each)
    assert.equal(rig.proxy.seen.filter(({ fault }) => fault !== undefined).length, 1)
    assert.ok(each.content.equals(await buffer(await rig.past.read(keyOf(each.content)))))
    if (each.does === 'put') await rig.past.remove(keyOf(each.content))

    remaining = Number.POSITIVE_INFINITY
    const before = rig.proxy.seen.length
    const error = await perform(rig.fresh().store, each).catch((fault: unknown) => fault)
    const met = rig.proxy.seen.slice(before).filter(({ fault }) => fault !== undefined).length
    assert.ok(error instanceof RefitError && error.code === each.ends, String(error))
    assert.ok(met <= each.requests, `${met} requests, at most ${each.requests}`)
  })
}

/** Numbers in [0, 1). */
function shares(seed: number): () => number {
  const next = pcg32(seed)
  return () => next() / 2 ** 32
}

/** What may go wrong with a request of a kind. */
function randomFault(random: () => number, seen: SeenRequest): Fault | undefined {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  const anywhere: readonly Fault[] = [
    unavailable,
    { kind: 'status', status: 500, code: 'InternalError' },
    { kind: 'status', status: 502, code: 'BadGateway' },
    { ...unavailable, retryAfter: 0 },
    { kind: 'reset', when: 'before' },
    { kind: 'reset', when: 'after' },
    { kind: 'stall', when: 'before' },
  ]
  if (isHead(seen)) return pick(anywhere)
  const withBody: readonly Fault[] = [...anywhere, { kind: 'error-in-success', done: false }, { kind: 'error-in-success', done: true }, { kind: 'cut', quiet: false }, { kind: 'reset', when: 'within' }, { kind: 'stall', when: 'within' }]
  if (isGet(seen)) return pick([...withBody, { kind: 'cut', quiet: true }, { kind: 'flip', way: 'back' }])
  return pick(seen.bytes > 0 && seen.method === 'PUT' ? [...withBody, { kind: 'flip', way: 'there' }] : withBody)
}

test('hundreds of operations over a line that spoils a quarter of all requests: right content, or an error of the catalogue', needsS3Server, async (t) => {
  const seed = Number(process.env['REFIT_TEST_SEED'] ?? Date.now() % 1_000_000)
  t.diagnostic(`REFIT_TEST_SEED=${seed}`)
  const [faults, choices] = [shares(seed), shares(seed + 1)]
  const rig = await startRig(t, IMPATIENT_MS, (seen) => (faults() < 0.25 ? randomFault(faults, seen) : undefined))
  const folder = await mkdtemp(join(tmpdir(), 'refit-faulty-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const contents = Array.from({ length: 40 }, (_, index) => (index % 20 === 0 ? Buffer.concat([Buffer.from(`large ${index}`), large]) : Buffer.from(`content ${index} `.repeat(1 + index * 500))))
  /** What the store has promised to keep. */
  const kept = new Set<string>()
  let refused = 0

  const operate = async (store: ObjectStore): Promise<void> => {
    const content = contents[Math.floor(choices() * contents.length)] ?? small
    const key = keyOf(content)
    const isKept = kept.has(key)
    const choice = choices()
    try {
      if (choice < 0.3) {
        assert.equal((await store.put('raw', Readable.from([content]))).key, key)
        kept.add(key)
      } else if (choice < 0.45) {
        const file = join(folder, `${choices()}`)
        await writeFile(file, content)
        assert.equal((await store.putFile('raw', file)).key, key)
        kept.add(key)
      } else if (choice < 0.6) assert.ok(content.equals(await buffer(await store.read(key))))
      else if (choice < 0.75) assert.ok(content.equals(await readFile(await store.localPath(key))))
      else if (choice < 0.9) assert.ok((await store.has(key)) || !isKept)
      else {
        const listed = new Map<string, number>()
        const before = [...kept]
        for await (const { key: name, bytes } of store.list('raw/')) listed.set(name, bytes)
        for (const each of before) assert.ok(listed.has(each), each)
        for (const each of contents) if (listed.has(keyOf(each))) assert.equal(listed.get(keyOf(each)), each.length)
      }
    } catch (error) {
      if (!(error instanceof RefitError)) throw error
      if (error.code === 'object-missing') {
        assert.ok(!isKept, `${key} was kept`)
        return
      }
      assert.ok(['s3-away', 'object-damaged'].includes(error.code), error.code)
      refused += 1
    }
  }
  const OPERATIONS = 400
  let begun = 0
  const worker = async (): Promise<void> => {
    const { store, forget } = rig.fresh()
    while (begun < OPERATIONS) {
      begun += 1
      await operate(store)
      await forget()
    }
  }
  await Promise.all([worker(), worker(), worker()])
  for (const content of contents) if (kept.has(keyOf(content))) assert.ok(content.equals(await buffer(await rig.past.read(keyOf(content)))))
  const spoilt = rig.proxy.seen.filter(({ fault }) => fault !== undefined).length
  t.diagnostic(`${OPERATIONS} operations, ${rig.proxy.seen.length} requests, ${spoilt} of them spoilt, ${refused} refused, ${kept.size} contents kept`)
  assert.ok(spoilt > 100 && kept.size > 20)
  assert.ok(rig.proxy.seen.length < OPERATIONS * 12)
})
