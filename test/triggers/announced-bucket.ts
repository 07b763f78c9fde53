import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { listDrops } from '../../src/drops/queries.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { registerModels } from '../../src/registry/models.js'
import { retireModel } from '../../src/registry/retirement.js'
import { connectS3 } from '../../src/s3/client.js'
import { s3Source } from '../../src/sources/s3/adapter.js'
import { announcementReceiver, type Receiver } from '../../src/triggers/announcements/receiver.js'
import { snsVerifier, type SnsWeb } from '../../src/triggers/announcements/sns-signature.js'
import { startTriggers } from '../../src/triggers/triggers.js'
import { startApi, type RunningApi } from '../api/running-api.js'
import { until } from '../support/running-project.js'
import { startFaultyProxy, type Fault, type SeenRequest } from '../support/faulty-proxy.js'
import { s3Server, type S3Server } from '../support/s3-server.js'
import { settableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

export const SECRET = 'what-a-sender-must-know'
process.env['TEST_S3_EVENTS'] = SECRET
export const topic = 'arn:aws:sns:us-east-1:111122223333:drops'
export const bearer = { Authorization: `Bearer ${SECRET}` }

/** The control API and the triggers of one model, whose drops lie in a bucket of a real server. */
export interface AnnouncedBucket {
  readonly api: RunningApi
  readonly server: S3Server
  readonly bucket: string
  /** Where announcements are posted. */
  readonly url: string
  /** What the log of the triggers has. */
  readonly logged: readonly string[]
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: string }>
  put(key: string, content: string): Promise<void>
  /** `key content-hash` of the recorded drops, the oldest first. */
  drops(): Promise<readonly string[]>
  /** Comes back when so many drops are recorded. */
  recorded(count: number): Promise<readonly string[]>
  /** So many milliseconds pass. */
  passes(milliseconds: number): void
  /** Time passes until the next listing, and that is over. */
  listed(): Promise<void>
  /** Ends the model's life; the triggers hear of it soon. */
  retire(reason: string): Promise<void>
}

export interface BucketOptions {
  readonly versions?: boolean
  /** Whether the server posts an event for each change. */
  readonly webhook?: boolean
  /** Further options of the source, or in place of those that it has. */
  readonly source?: object
  readonly sns?: SnsWeb
  /** What goes wrong between the source and the server. */
  readonly proxy?: (seen: SeenRequest) => Fault | undefined
}

/** A control API with tokens, and two servers of S3, one of which announces: what tests of announcements share. */
export interface Announcing {
  /** A model with a bucket of its own. Time stands still, so that after the first listing a drop can only come by an announcement. */
  bucket(t: TestContext, options?: BucketOptions): Promise<AnnouncedBucket>
  stop(): Promise<void>
}

const nobody: Receiver = { isOpen: () => Promise.resolve(false), receive: () => Promise.reject(new Error('no test is under way')) }

export async function startAnnouncing(): Promise<Announcing> {
  let receiver = nobody
  const api = await startApi({
    tokens: 'alice:admin:0123456789abcdef',
    announcements: { isOpen: () => receiver.isOpen(), receive: (delivery) => receiver.receive(delivery) },
  })
  const url = `${api.url}/api/v1/announcements`
  receiver = announcementReceiver({ sources: () => Promise.resolve([]), sns: snsVerifier({ get: () => Promise.reject(new Error('SNS is not to be asked')) }), log: { info: () => undefined, warn: () => undefined } })
  const servers = { silent: await s3Server(), announcing: await s3Server({ webhook: url.replace('://', `://versity:${SECRET}@`) }) }
  return {
    bucket: async (t, options = {}) => {
      t.after(() => {
        receiver = nobody
      })
      return announceBucket(t, { api, url, server: options.webhook === true ? servers.announcing : servers.silent, options, onReceiver: (opened) => (receiver = opened) })
    },
    stop: async () => {
      for (const server of Object.values(servers)) await server.close()
      await api.stop()
    },
  }
}

interface Shared {
  readonly api: RunningApi
  readonly url: string
  readonly server: S3Server
  readonly options: BucketOptions
  readonly onReceiver: (receiver: Receiver) => void
}

let models = 0

async function announceBucket(t: TestContext, { api, url, server, options: { versions = false, source = {}, sns, proxy }, onReceiver }: Shared): Promise<AnnouncedBucket> {
  const clock = settableClock('2026-06-01T08:00:00Z')
  const logged: string[] = []
  const note = (message: string): void => {
    logged.push(message)
  }
  const log = { info: note, warn: note, error: note }
  let listings = 0
  models += 1
  const model = `weekly-${models}`
  const bucket = await server.bucket(`drops-${models}`, { versions })
  const endpoint = proxy === undefined ? {} : { endpoint: (await startFaultyProxy(t, server.access.endpoint, proxy)).endpoint }
  const options = { address: `s3://${bucket}/weeks`, ...server.access, ...endpoint, listEvery: LIST_EVERY_MS, announcements: { secret: '${secret:TEST_S3_EVENTS}', topics: [topic] }, ...source }
  await registerModels(api.database, clock, projectOf(modelNamed(model, { source: { kind: 's3', options } })), 'test')
  const triggers = startTriggers({
    database: api.database,
    objects: filesystemObjects(join(api.folder, '.refit', 'objects')),
    clock,
    openSource: ({ definition }) => {
      const opened = s3Source(definition.source.options)
      return {
        ...opened,
        list: async (request) => {
          const list = await opened.list(request)
          listings += 1
          return list
        },
      }
    },
    lookEvery: LOOK_EVERY_MS,
    settleFor: 1000,
    log,
  })
  onReceiver(announcementReceiver({ sources: triggers.announced, sns: snsVerifier(sns ?? { get: () => Promise.reject(new Error('SNS is not to be asked')) }), log }))
  const s3 = await connectS3(server.access)
  t.after(async () => {
    await triggers.stop()
    s3.client.destroy()
  })
  const drops = async (): Promise<readonly string[]> =>
    (await listDrops(api.database, model, { limit: 1000 })).toSorted((a, b) => numberOf(a.id) - numberOf(b.id)).map(({ key, sha256 }) => `${key} ${sha256.slice(0, 8)}`)
  const listed = async (): Promise<void> => {
    const before = listings
    await until('a listing', () => {
      clock.advance(LIST_EVERY_MS)
      return Promise.resolve(listings > before + 1 ? true : undefined)
    })
  }
  await until('the first listing', () => Promise.resolve(listings > 0 ? true : undefined))
  return {
    api,
    server,
    bucket,
    url,
    logged,
    post: async (body, headers = bearer) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: text })
      return { status: answer.status, body: await answer.text() }
    },
    put: async (key, content) => {
      await s3.client.send(new s3.sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: content, ContentLength: Buffer.byteLength(content) }))
    },
    drops,
    recorded: (count) =>
      until(`${count} drops`, async () => {
        const present = await drops()
        return present.length >= count ? present : undefined
      }),
    passes: clock.advance,
    listed,
    retire: async (reason) => {
      await retireModel(api.database, clock, { model, actor: 'test', reason })
      clock.advance(LOOK_EVERY_MS)
    },
  }
}

const LOOK_EVERY_MS = 3_600_000

const LIST_EVERY_MS = 60_000

/** How `drops` shows one. */
export function drop(key: string, content: string): string {
  return `${key} ${createHash('sha256').update(content).digest('hex').slice(0, 8)}`
}

/** A notification of S3 about objects that were created, keys encoded as S3 does. */
export function notificationOf(bucket: string, keys: readonly string[], more: object = {}): object {
  return {
    Records: keys.map((key) => ({
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key).replaceAll('%20', '+'), sequencer: Math.random().toString(16).slice(2) } },
      ...more,
    })),
  }
}

function numberOf(id: string): number {
  return Number(/\d+$/.exec(id)?.[0])
}
