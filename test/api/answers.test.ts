import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Failure } from '../../src/http/failure.js'
import { createClient, type Client } from '../../src/cli/client.js'
import { RefitError } from '../../src/errors.js'
import { startApi, type RunningApi } from './running-api.js'
import { awaitingRun, promotedRun, rejectedRun } from './seeded-runs.js'

/** As much of an OpenAPI document as is looked at. */
const Operation = Type.Object({ operationId: Type.String(), description: Type.String(), responses: Type.Record(Type.String(), Type.Unknown()) })
const OpenApi = Type.Object({ openapi: Type.String(), paths: Type.Record(Type.String(), Type.Record(Type.String(), Operation)) })

let api: RunningApi
let client: Client
let promoted: { run: string; version: number }
let rejected: string
let awaiting: { run: string; version: number }
before(async () => {
  api = await startApi()
  client = createClient({ url: api.url, token: undefined, actor: 'cli:tester' })
  promoted = await promotedRun(api.database, 'house-price')
  rejected = await rejectedRun(api.database, 'house-price')
  awaiting = await awaitingRun(api.database, 'house-price')
})
after(() => api.stop())

async function failure(path: string, init: RequestInit = {}): Promise<{ status: number; body: Failure }> {
  const answer = await fetch(`${api.url}${path}`, init)
  const body: unknown = await answer.json()
  assert.ok(Value.Check(Failure, body), JSON.stringify(body))
  return { status: answer.status, body }
}

function refused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof RefitError && error.code === code
}

test('models tell what serves, what ran last and what waits', async () => {
  const [house, direction] = await client.models()
  assert.equal(house?.champion?.version, promoted.version)
  assert.equal(house?.champion?.metric?.name, 'mape')
  assert.equal(house?.lastEnded?.id, awaiting.run)
  assert.equal(house?.target, 'price')
  assert.equal(direction?.champion, undefined)
  assert.equal((await client.model('house-price')).signature?.target, 'price')
})

test('a run tells why it was not promoted: rules with figures, drops, what to do next', async () => {
  const run = await client.run(rejected)
  assert.equal(run.outcome, 'rejected')
  assert.deepEqual(
    run.rules.map(({ label, answer }) => [label, answer]),
    [
      ['MAPE at most 15 %', 'passed'],
      ['MAE not worse than the champion by 3 %', 'failed'],
      ['MAPE at most 35 % for each zipcode', 'inconclusive'],
    ],
  )
  assert.deepEqual(run.drops.map(({ key, state }) => [key, state]), [['week-07.csv', 'ingested'], ['week-06.csv', 'quarantined']])
  assert.deepEqual(run.stages.map(({ name }) => name), ['ingest', 'split', 'train', 'check'])
  assert.match(run.stages[1]?.summary ?? '', /train 12,000.*0 shared groups/)
  assert.ok(run.nextSteps.some((step) => step.includes('--state quarantined')))
})

test('a report is a page that a browser may only show', async () => {
  const answer = await fetch(`${api.url}/api/v1/runs/${rejected}/report`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'unsafe-inline';.*frame-ancestors 'none'$/)
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  const page = await answer.text()
  for (const part of ['<h1 class="rejected">Rejected</h1>', '4.1 % worse', '<h2>Verdicts before</h2>', `<th scope="row">${promoted.run}</th>`]) assert.ok(page.includes(part), part)
  assert.ok(!page.includes(awaiting.run), 'what came later is no history')
  assert.equal((await failure('/api/v1/runs/nobody-1/report')).body.code, 'not-found')
})

test('runs are listed page by page, the newest first', async () => {
  const first = await client.runs({ model: 'house-price', limit: 2 })
  assert.deepEqual(first.runs.map(({ id }) => id), [awaiting.run, rejected])
  const second = await client.runs({ model: 'house-price', limit: 2, before: first.before })
  assert.deepEqual(second.runs.map(({ id }) => id), [promoted.run])
  assert.equal(second.before, undefined)
  assert.equal((await client.runs({})).runs.length, 3)
})

test('a run is asked for once while one waits, and a waiting one is cancelled at once', async () => {
  const { run, coalesced } = await client.requestRun('price-direction', { force: false, reason: 'try' })
  assert.equal(coalesced, false)
  assert.deepEqual(run.causes.map(({ actor, detail }) => [actor, detail]), [['cli:tester', 'try']])
  const again = await client.requestRun('price-direction', { force: true })
  assert.deepEqual([again.coalesced, again.run.id, again.run.force], [true, run.id, true])
  assert.equal((await client.cancel(run.id)).outcome, 'cancelled')
  await assert.rejects(client.cancel(run.id), refused('conflict'))
})

test('an approval makes the version champion, and a rollback takes it back', async () => {
  await assert.rejects(client.requestPromotion('house-price', awaiting.version), refused('promotion-refused'))
  await assert.rejects(client.forcePromotion('house-price', awaiting.version), refused('reason-required'))
  const approved = await client.approve(awaiting.run, { reason: 'looked at it' })
  assert.equal('rollout' in approved ? undefined : approved.version, awaiting.version)
  await assert.rejects(client.approve(awaiting.run), refused('not-awaiting-approval'))
  assert.equal((await client.rollback('house-price', {})).version, promoted.version)
  await assert.rejects(client.rollback('house-price', {}), refused('nothing-to-roll-back'))
  const moves = await client.championMoves('house-price')
  assert.deepEqual(moves.map(({ cause, version }) => [cause, version]), [['rollback', 1], ['approve', 2], ['run', 1]])
  assert.deepEqual((await client.versions('house-price')).versions.map(({ number, serves }) => [number, serves]), [[2, false], [1, true]])
  const newest = await client.versions('house-price', { limit: 1 })
  assert.deepEqual((await client.versions('house-price', { before: newest.before })).versions.map(({ number }) => number), [1])
  assert.equal((await client.version('house-price', 1)).verdict?.answer, 'passed')
})

test('events are read page by page, in words', async () => {
  const all = await client.events({ run: rejected })
  assert.deepEqual(all.events.map(({ kind }) => kind).filter((kind) => kind.startsWith('run.')), ['run.requested', 'run.started', 'run.ended'])
  assert.match(all.events.at(-1)?.text ?? '', /^rejected – MAE is 71,021/)
  assert.deepEqual((await client.events({ run: rejected, after: all.after })).events, [])
})

test('what is not there, not known or not valid is an error of the catalogue', async () => {
  for (const [path, status, code] of [
    ['/api/v1/nothing', 404, 'route-not-found'],
    ['/', 404, 'route-not-found'],
    ['/api/v1/models/nobody', 404, 'not-found'],
    ['/api/v1/runs/nobody-1', 404, 'not-found'],
    ['/api/v1/drops/nobody-d1', 404, 'drop-unknown'],
    ['/api/v1/runs?model=nobody', 404, 'not-found'],
    ['/api/v1/runs?limit=0', 400, 'request-invalid'],
    ['/api/v1/runs?limt=5', 400, 'request-invalid'],
    ['/api/v1/runs?before=nobody-1', 404, 'not-found'],
    ['/api/v1/events?after=tomorrow', 400, 'request-invalid'],
    ['/api/v1/models/house-price/versions/x', 400, 'request-invalid'],
    ['/%zz', 400, 'request-invalid'],
  ] as const) {
    const { status: answered, body } = await failure(path)
    assert.deepEqual([answered, body.code], [status, code], path)
  }
})

test('bad bodies are told where they are wrong', async () => {
  const path = '/api/v1/models/house-price/rollback'
  const json = { 'Content-Type': 'application/json' }
  const mistyped = await failure(path, { method: 'POST', headers: json, body: '{"to":"three","too":1}' })
  assert.equal(mistyped.status, 400)
  assert.deepEqual(mistyped.body.faults?.map((fault) => fault.path).toSorted(), ['body.to', 'body.too'])
  assert.equal((await failure(path, { method: 'POST', headers: json, body: '{' })).body.code, 'request-invalid')
  assert.equal((await failure(path, { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: 'a,b' })).body.code, 'media-type-unsupported')
  assert.equal((await failure(path, { method: 'POST', headers: json, body: JSON.stringify({ reason: 'x'.repeat(2e6) }) })).body.code, 'request-too-large')
})

test('a bug is answered with an id that is in the log with its stack', async () => {
  await api.database.updateTable('runs').set({ causes: '"nonsense"' }).where('id', '=', rejected).execute()
  const { status, body } = await failure(`/api/v1/runs/${rejected}`)
  assert.deepEqual([status, body.code], [500, 'internal'])
  assert.ok(!JSON.stringify(body).includes('.js'))
  const line = api.log().split('\n').find((text) => text.includes(body.id ?? '?'))
  assert.match(line ?? '', /runFromRow/)
})

test('the description names every route, its role and its answers', async () => {
  const answer = await fetch(`${api.url}/api/v1/openapi.json`)
  const document = Value.Parse(OpenApi, await answer.json())
  assert.equal(document.openapi, '3.1.0')
  const ids = new Set<string>()
  for (const { method, url, role } of api.routes) {
    if (method === 'HEAD') continue
    const operation = document.paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    assert.ok(operation !== undefined, `${method} ${url}`)
    assert.ok(!ids.has(operation.operationId), `${operation.operationId} twice`)
    ids.add(operation.operationId)
    assert.match(operation.description, role === undefined ? /Open\./ : new RegExp(`Role: ${role}\\.`))
    assert.ok('default' in operation.responses)
  }
})
