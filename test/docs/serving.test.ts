import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { catalogue } from '../../src/errors.js'
import { buildPackage } from '../../src/packages/build.js'
import type { Signature } from '../../src/packages/manifest.js'
import { moduleModel } from '../../src/predictors/module/adapter.js'
import { createServingApp } from '../../src/serving/app.js'
import { createLiveSet, type LiveSet, type LiveSetOptions } from '../../src/serving/live-set.js'
import { createServingMetrics } from '../../src/serving/metrics.js'
import { createSideBySide } from '../../src/serving/side-by-side.js'
import { parseTokens } from '../../src/http/access.js'
import { fileLog } from '../../src/telemetry/log.js'
import { codeBlocksOf, readPage, tablesOf } from './pages.js'

const page = readPage('docs/serving.md')
const blocks = codeBlocksOf('docs/serving.md', page)
const secret = 'a-secret-of-some-length'

const signature: Signature = {
  task: 'regression',
  inputs: [
    { name: 'carrier', type: 'category', optional: false },
    { name: 'distance_km', type: 'number', optional: false },
    { name: 'weight_kg', type: 'number', optional: false },
    { name: 'express', type: 'boolean', optional: false },
    { name: 'weekday', type: 'number', optional: false },
  ],
  target: 'hours',
  classes: [],
}

/** The one that the page shows: another one each time otherwise. */
const shownId = /"id": "([\w-]{71})"/.exec(page)?.[1] ?? ''

let folder: string
let app: FastifyInstance
let live: LiveSet

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refit-serving-page-'))
  await writeFile(join(folder, 'predictor.mjs'), 'export const load = () => ({ predict: (rows) => rows.map(() => 41.7) })\n')
  const { manifest, digest } = await buildPackage(folder, { format: 'module', signature })
  const log = fileLog(join(folder, 'log'), 'serving')
  const versions: LiveSetOptions = {
    log,
    now: () => new Date(),
    fetchPackage: () => Promise.resolve({ folder, manifest }),
    load: (at, found) => moduleModel.load(at, found.signature),
  }
  live = createLiveSet(versions)
  await live.swap({ model: 'delivery-time', version: 3, generation: 3, digest })
  const access = { bind: '127.0.0.1', hosts: [], origins: [], tokens: parseTokens(`someone:viewer:${secret}`) }
  app = createServingApp({ live, sideBySide: createSideBySide({ live, beside: createLiveSet(versions), log }), metrics: createServingMetrics(), recorder: { record: () => shownId }, isReady: () => true, access, log, invocations: { model: 'delivery-time', dialects: {} } })
})

after(async () => {
  await app.close()
  live.remove('delivery-time')
  await rm(folder, { recursive: true, force: true })
})

async function ask(method: 'GET' | 'POST', url: string, payload?: string, token: string | undefined = secret): Promise<{ status: number; body: unknown; text: string }> {
  const headers = { host: '127.0.0.1', ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...(token === '' ? {} : { authorization: `Bearer ${token}` }) }
  const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
  const body: unknown = String(answer.headers['content-type']).startsWith('application/json') && answer.body.trim() !== '' ? JSON.parse(answer.body) : undefined
  return { status: answer.statusCode, body, text: answer.body }
}

/** A line of curl as the request that it sends. */
function requestOf(curl: string): { readonly url: string; readonly headers: Record<string, string>; readonly payload: string } {
  const headers = [...curl.matchAll(/-H '([^:']+): ([^']+)'/g)].map(([, name = '', value = '']): [string, string] => [name.toLowerCase(), value])
  const { host, pathname } = new URL(/https?:\S+/.exec(curl)?.[0] ?? '')
  assert.match(curl, /^curl -X POST http/)
  return { url: pathname, headers: { host, authorization: `Bearer ${secret}`, ...Object.fromEntries(headers) }, payload: /-d '([^']+)'/.exec(curl)?.[1] ?? '' }
}

test('every request that docs/serving.md shows is answered as it shows', async () => {
  const shown = blocks.flatMap((block, index) => (block.language === 'sh' && block.code.startsWith('curl') ? [{ curl: block.code, answer: blocks[index + 1] }] : []))
  assert.equal(shown.length, 5)
  for (const { curl, answer } of shown) {
    const { url, headers, payload } = requestOf(curl)
    const { statusCode, body } = await app.inject({ method: 'POST', url, headers, payload })
    assert.equal(statusCode, 200, `${curl}: ${body}`)
    if (answer?.language === 'json') assert.deepEqual(JSON.parse(body), JSON.parse(answer.code), curl)
    else assert.equal(body, answer?.code, curl)
  }
})

test('the refusal that docs/serving.md shows is word for word the one that is given', async () => {
  const documented = blocks.find(({ code }) => code.includes('rows-invalid'))?.code ?? ''
  const row = { carrier: 'post', distance_km: '120', weight_kg: 1, express: true }
  const answer = await ask('POST', '/models/delivery-time/predict', JSON.stringify({ rows: [row] }))
  assert.equal(answer.status, 400)
  assert.deepEqual(answer.body, JSON.parse(documented))
})

test('docs/serving.md gives every refusal its status', () => {
  const table = tablesOf(page).find(({ columns }) => columns[0] === 'status')
  const known = new Map<string, number>(Object.entries(catalogue).map(([code, [status]]) => [code, status]))
  for (const [status = '', codes = ''] of table?.rows ?? []) {
    for (const code of codes.replaceAll('`', '').split(', ')) assert.equal(known.get(code), Number(status), code)
  }
})

test('docs/serving.md names every address, and which are open without a token', async () => {
  const table = tablesOf(page).find(({ columns }) => columns[0] === 'address')
  const documented = (table?.rows ?? []).map(([address = '', role = '']) => ({ address: address.replaceAll('`', ''), open: role === '–' }))
  const routes = app.printRoutes({ commonPrefix: false }).matchAll(/\S \(([A-Z, ]+)\)$/gm)
  assert.equal([...routes].reduce((sum, [, methods = '']) => sum + methods.split(', ').filter((method) => method !== 'HEAD').length, 0), documented.length)
  for (const { address, open } of documented) {
    const [method, path = ''] = address.split(' ')
    const url = path.replace('{model}', 'delivery-time').replace('{version}', '3')
    assert.ok(method === 'GET' || method === 'POST')
    const payload = method === 'POST' ? JSON.stringify(bodyFor(path)) : undefined
    assert.equal((await ask(method, url, payload)).status, 200, address)
    assert.equal((await ask(method, url, payload, '')).status, open ? 200 : 401, address)
  }
})

/** What an address takes. */
function bodyFor(path: string): object {
  const row = { carrier: 'post', distance_km: 1, weight_kg: 1, express: true, weekday: 1 }
  if (path.endsWith('/infer')) return { inputs: Object.entries(row).map(([name, value]) => ({ name, shape: [1], datatype: typeof value === 'string' ? 'BYTES' : typeof value === 'number' ? 'FP64' : 'BOOL', data: [value] })) }
  return path.endsWith('/predict') ? { rows: [row] } : { instances: [row] }
}

test('docs/serving.md names every metric with its type and labels', async () => {
  const { text } = await ask('GET', '/metrics')
  const known = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type])
  const table = tablesOf(page).find(({ columns }) => columns[0] === 'metric')
  assert.deepEqual(table?.rows.map(([name = '', type]) => [name.replaceAll('`', ''), type]), known)
})
