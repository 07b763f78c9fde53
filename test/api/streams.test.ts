import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { randomBytes } from 'node:crypto'
import { appendFile, readdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { systemClock as clock } from '../../src/clock.js'
import { createClient, type Client } from '../../src/cli/client.js'
import { serverSentEvents, type ServerSentEvent } from '../../src/cli/server-sent-events.js'
import { call } from '../../src/cli/http.js'
import { RefitError } from '../../src/errors.js'
import { endRun, openAttempt } from '../../src/runs/execution.js'
import { startApi, type RunningApi } from './running-api.js'
import { finishStage, promotedRun, startedRun } from './seeded-runs.js'

let api: RunningApi
let client: Client
before(async () => {
  api = await startApi()
  client = createClient({ url: api.url, token: undefined, actor: 'cli:tester' })
})
after(() => api.stop())

async function readEvents(path: string, headers: Record<string, string>, enough: (events: readonly ServerSentEvent[]) => boolean): Promise<readonly ServerSentEvent[]> {
  const stop = AbortSignal.timeout(20_000)
  const answer = await call({ method: 'GET', url: `${api.url}${path}`, headers, signal: stop })
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8')
  const events: ServerSentEvent[] = []
  for await (const event of serverSentEvents(answer)) {
    events.push(event)
    if (enough(events)) break
  }
  return events
}

test('events stream as they come, and a reader who comes back misses none and gets none twice', async () => {
  const claim = await startedRun(api.database, 'house-price')
  const { id } = claim.run
  const path = `/api/v1/events/stream?run=${id}`
  const first = await readEvents(path, {}, (events) => events.length === 2)
  const last = first.at(-1)?.id
  assert.ok(last !== undefined)
  await finishStage(api.database, claim, 'ingest', 1, { rows: 1 })
  const live = readEvents(path, { 'Last-Event-ID': last }, (events) => events.some(({ data }) => data.includes('"run.ended"')))
  await finishStage(api.database, claim, 'split', 2, {})
  await endRun(api.database, clock, claim, { outcome: 'failed', explanation: 'It was made to fail.' })
  const kinds = [...first, ...(await live)].map(({ data }) => /"kind":"([^"]+)"/.exec(data)?.[1])
  assert.deepEqual(kinds, ['run.requested', 'run.started', 'stage.started', 'stage.finished', 'stage.started', 'stage.finished', 'run.ended'])
})

test('a stream of a model shows no other', async () => {
  const stopped = new AbortController()
  const seen: (string | undefined)[] = []
  const reading = (async () => {
    for await (const event of client.follow({ model: 'price-direction', after: 'start' }, stopped.signal)) {
      seen.push(event.model)
      if (event.kind === 'run.ended') stopped.abort()
    }
  })()
  await promotedRun(api.database, 'house-price')
  await promotedRun(api.database, 'price-direction')
  await reading
  assert.deepEqual([...new Set(seen)], ['price-direction'])
})

test('a cursor that is none is refused before the stream begins', async () => {
  const answer = await fetch(`${api.url}/api/v1/events/stream`, { headers: { 'Last-Event-ID': 'yesterday' } })
  assert.equal(answer.status, 400)
  assert.match(await answer.text(), /request-invalid/)
})

test('listeners are bounded', async () => {
  const stopped = new AbortController()
  setMaxListeners(0, stopped.signal)
  const open = Array.from({ length: 100 }, () => call({ method: 'GET', url: `${api.url}/api/v1/events/stream`, signal: stopped.signal }))
  const answers = await Promise.all(open)
  for (const answer of answers) answer.on('error', () => undefined)
  const refused = await fetch(`${api.url}/api/v1/events/stream`)
  assert.equal(refused.status, 503)
  assert.match(await refused.text(), /too-many-listeners/)
  stopped.abort()
  const deadline = Date.now() + 10_000
  for (;;) {
    const again = await fetch(`${api.url}/api/v1/events/stream`, { signal: AbortSignal.timeout(5000) })
    await again.body?.cancel()
    if (again.status === 200) break
    assert.ok(Date.now() < deadline, 'the places are not given back')
  }
})

test('a drop is uploaded as a stream, once however often it is sent', async () => {
  const chunk = randomBytes(1024 * 1024)
  const content = (): Readable => Readable.from(Array.from({ length: 64 }, () => chunk))
  const first = await client.upload('house-price', 'wöche 7.csv', content())
  assert.deepEqual([first.isNew, first.drop.bytes, first.drop.key, first.drop.state], [true, 64 * 1024 * 1024, 'wöche 7.csv', 'recorded'])
  const again = await client.upload('house-price', 'wöche 7.csv', content())
  assert.deepEqual([again.isNew, again.drop.id], [false, first.drop.id])
  assert.equal(api.uploads(), 2)
  assert.deepEqual((await client.drops('house-price', { state: 'recorded' })).drops.map(({ id }) => id), [first.drop.id])
  assert.deepEqual((await client.drop(first.drop.id)).snapshots, [])
  assert.equal((await client.model('house-price')).waitingDrops, 1)
})

test('an upload needs a plain name and a known model, and is refused before it is sent', async () => {
  const codeOf = async (model: string, name: string): Promise<string> => {
    try {
      await client.upload(model, name, Readable.from(['a,b\n1,2\n']))
      return 'accepted'
    } catch (error) {
      assert.ok(error instanceof RefitError)
      return error.code
    }
  }
  for (const name of ['', '../../etc/passwd', 'a/b.csv', 'a\\b.csv', '.hidden', 'a\u0000b', 'a\nb', ' a.csv', 'x'.repeat(256)]) {
    assert.equal(await codeOf('house-price', name), 'upload-name-invalid', JSON.stringify(name))
  }
  assert.equal(await codeOf('nobody', 'a.csv'), 'not-found')
})

test('an upload that breaks off records nothing and leaves nothing', async () => {
  const before = await client.drops('house-price')
  await new Promise<void>((resolve) => {
    const outgoing = request(`${api.url}/api/v1/models/house-price/drops?name=broken.csv`, { method: 'POST', headers: { 'Content-Length': '1000000' } })
    outgoing.on('error', () => resolve())
    outgoing.write('a,b\n1,2\n', () => {
      setTimeout(() => outgoing.destroy(), 50)
    })
  })
  const deadline = Date.now() + 10_000
  const raw = join(api.folder, '.refit', 'objects')
  const leftovers = async (): Promise<readonly string[]> => (await readdir(raw, { recursive: true })).filter((name) => /tmp|temporary|partial/i.test(name) && !name.endsWith('tmp'))
  while ((await leftovers()).length > 0) assert.ok(Date.now() < deadline, String(await leftovers()))
  assert.deepEqual(await client.drops('house-price'), before)
})

test("a run's log is followed until the run ends", async () => {
  const claim = await startedRun(api.database, 'price-direction')
  const { id } = claim.run
  const attempt = await openAttempt(api.database, clock, claim, 'train')
  const path = api.logPath(id, 'train', attempt)
  await writeFile(path, 'epoch 1\n')
  const log = text(await client.log(id, { follow: true }))
  await appendFile(path, 'epoch 2 ü\n')
  await endRun(api.database, clock, claim, { outcome: 'failed', explanation: 'It was made to fail.' })
  assert.equal(await log, '=== train, attempt 1 ===\nepoch 1\nepoch 2 ü\n')
  assert.equal(await text(await client.log(id, { stage: 'ingest' })), '')
})

test('streams end when the server closes', async () => {
  const own = await startApi()
  const answer = await call({ method: 'GET', url: `${own.url}/api/v1/events/stream` })
  const ended = text(answer).catch(() => 'reset')
  await own.stop()
  await ended
})
