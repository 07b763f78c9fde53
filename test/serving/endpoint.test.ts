import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Signature } from '../../src/packages/manifest.js'
import { failureOf, predict, send, startEndpoint, untilLive, untilReady, type Endpoint } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

let platform: Platform
let endpoint: Endpoint
let url: string
before(async () => {
  platform = await startPlatform('house-price', 'size', 'moody')
  await platform.publish('house-price', times(1))
  await platform.publish('house-price', times(2))
  await platform.publish('size', `return rows.map(({ rooms }) => (rooms > 5 ? ${JSON.stringify({ [odd]: 0.75, small: 0.25 })} : ${JSON.stringify({ [odd]: 0, small: 1 })}))`, sizes)
  await platform.publish('moody', 'return rows.map(({ rooms }) => { if (rooms > 1000) throw new TypeError("too many"); return rooms > 100 ? NaN : 1 })')
  endpoint = await startEndpoint(platform)
  url = endpoint.url
  for (const [model, version] of [['house-price', 2], ['size', 1], ['moody', 1]] as const) await untilLive(url, model, version)
  await untilReady(url)
})
after(async () => {
  await endpoint.stop()
  await platform.stop()
})

const odd = 'very "big",\nor huge'
const sizes: Signature = { task: 'classification', inputs: [{ name: 'rooms', type: 'number', optional: false }], target: 'size', classes: [odd, 'small'] }

/** A request with this very body. */
function post(body: string, contentType = 'application/json'): ReturnType<typeof send> {
  return send(`${url}/models/house-price/predict`, { method: 'POST', headers: { 'content-type': contentType }, body })
}

test('one row is answered with the version that answered', async () => {
  const { status, json } = await predict(url, 'house-price', [{ rooms: 3, district: '98029', garden: true }])
  assert.deepEqual({ status, json }, { status: 200, json: { model: 'house-price', version: 2, predictions: [6] } })
})

test('a batch is answered in its order, up to 10,000 rows', async () => {
  const rows = Array.from({ length: 10_000 }, (_, row) => ({ rooms: row, district: null }))
  const { status, json } = await predict(url, 'house-price', rows)
  assert.deepEqual({ status, json }, { status: 200, json: { model: 'house-price', version: 2, predictions: rows.map(({ rooms }) => rooms * 2) } })
})

test('a classification is answered with its label and all probabilities, whatever the labels hold', async () => {
  const { json } = await predict(url, 'size', [{ rooms: 7 }, { rooms: 2 }])
  const predictions = [
    { label: odd, probabilities: { [odd]: 0.75, small: 0.25 } },
    { label: 'small', probabilities: { [odd]: 0, small: 1 } },
  ]
  assert.deepEqual(json, { model: 'size', version: 1, predictions })
})

test('a body that is no request is refused with what is wrong with it', async () => {
  const row = '{"rooms":1}'
  const bodies: readonly (readonly [string, RegExp])[] = [
    ['', /body/i],
    ['rooms=3', /JSON/],
    ['{"rows":[{"rooms":1}', /JSON/],
    ['null', /body/],
    ['[]', /body/],
    ['7', /body/],
    ['{}', /rows/],
    [row, /rows/],
    ['{"rows":{}}', /rows/],
    ['{"rows":null}', /rows/],
    ['{"rows":[]}', /rows/],
    [`{"rows":[${row}],"version":1}`, /version/],
    [`{"rows":[{"__proto__":1}]}`, /JSON/],
    [`{"rows":[${Array.from({ length: 10_001 }, () => row).join(',')}]}`, /10000/],
  ]
  for (const [body, reason] of bodies) {
    const failure = failureOf(await post(body))
    assert.deepEqual([failure.status, failure.code], [400, 'request-invalid'], body.slice(0, 50))
    assert.match(failure.message, reason, body.slice(0, 50))
  }
})

test('a body in another form, or too large, is refused', async () => {
  assert.deepEqual(pick(failureOf(await post('{"rows":[{"rooms":1}]}', 'text/plain'))), [415, 'media-type-unsupported'])
  assert.deepEqual(pick(failureOf(await post(`{"rows":[{"rooms":1,"district":"${'x'.repeat(17 * 1024 * 1024)}"}]}`))), [413, 'request-too-large'])
  assert.equal((await predict(url, 'house-price', [{ rooms: 1 }])).status, 200)
})

test('faults in rows are named by row and column', async () => {
  const failure = failureOf(await predict(url, 'house-price', [{ rooms: 1 }, { rooms: '1' }, {}, 7, { rooms: 1, room: 1 }, { rooms: 1, garden: 'yes' }, { rooms: null, district: 98029 }]))
  assert.deepEqual(pick(failure), [400, 'rows-invalid'])
  assert.deepEqual(failure.faults?.map(({ path }) => path), ['rows[1].rooms', 'rows[2].rooms', 'rows[3]', 'rows[4].room', 'rows[5].garden', 'rows[6].rooms', 'rows[6].district'])
})

test('a model that answers nonsense, or throws, is told as such and nothing is answered', async () => {
  assert.equal((await predict(url, 'moody', [{ rooms: 1 }])).status, 200)
  const [nonsense, thrown] = [failureOf(await predict(url, 'moody', [{ rooms: 1 }, { rooms: 101 }])), failureOf(await predict(url, 'moody', [{ rooms: 1001 }]))]
  assert.deepEqual([pick(nonsense), pick(thrown)], [[500, 'prediction-invalid'], [500, 'prediction-invalid']])
  assert.match(thrown.message, /too many/)
})

test('a model that is not here is not found, and those that are here are named', async () => {
  for (const name of ['house-prices', '__proto__', '..%2f..%2fetc', '%00', 'x'.repeat(50)]) {
    const failure = failureOf(await predict(url, name, [{ rooms: 1 }]))
    assert.deepEqual([failure.status, ['model-not-live', 'route-not-found'].includes(failure.code)], [404, true], name)
  }
  assert.match(failureOf(await send(`${url}/models/house-prices`)).message, /house-price, /)
  assert.deepEqual(pick(failureOf(await send(`${url}/models/house-price/predict`))), [404, 'route-not-found'])
  assert.deepEqual(pick(failureOf(await send(`${url}/`))), [404, 'route-not-found'])
  assert.match(failureOf(await send(`${url}/`)).hint, /^What there is: the models at \/models, /)
})

test('it tells its health, and what is live', async () => {
  assert.deepEqual((await send(`${url}/health`)).json, { status: 'ok' })
  assert.deepEqual((await send(`${url}/ready`)).json, { status: 'ready' })
  const { json } = await send(`${url}/models/size`)
  assert.ok(typeof json === 'object' && json !== null && 'signature' in json && 'since' in json && 'digest' in json)
  assert.deepEqual(json.signature, sizes)
  assert.ok(Math.abs(Date.parse(String(json.since)) - Date.now()) < 600_000)
  const all = (await send(`${url}/models`)).json
  assert.ok(typeof all === 'object' && all !== null && 'models' in all && Array.isArray(all.models))
  assert.equal(all.models.length, 3)
})

test('it counts requests, rows and failures by model, and names that do not exist together', async () => {
  await predict(url, 'size', [{ rooms: 1 }, { rooms: 2 }])
  await predict(url, 'size', [{ rooms: 'x' }])
  await predict(url, 'a-name', [{ rooms: 1 }])
  await predict(url, 'another-name', [{ rooms: 1 }])
  const { body } = await send(`${url}/metrics`)
  const value = (series: string): number => Number(body.split('\n').find((line) => line.startsWith(`${series} `))?.split(' ').at(-1))
  assert.ok(value('refit_predict_requests_total{model="size",status="200"}') >= 1)
  assert.equal(value('refit_predict_requests_total{model="size",status="400"}'), 1)
  assert.ok(value('refit_predicted_rows_total{model="size"}') >= 2)
  assert.ok(value('refit_predict_requests_total{model="unknown",status="404"}') >= 2)
  assert.equal(value('refit_live_version{model="house-price"}'), 2)
  assert.doesNotMatch(body, /a-name|another-name/)
})

test('strange hosts and pages are refused on every route', async () => {
  for (const path of ['/health', '/ready', '/models', '/models/house-price', '/metrics', '/nowhere']) {
    assert.equal(failureOf(await send(`${url}${path}`, { headers: { host: 'evil.example' } })).code, 'host-not-allowed', path)
    assert.equal(failureOf(await send(`${url}${path}`, { headers: { origin: 'http://evil.example' } })).code, 'origin-not-allowed', path)
  }
  assert.equal(failureOf(await predict(url, 'house-price', [{ rooms: 1 }], { origin: 'null' })).code, 'origin-not-allowed')
  assert.equal((await predict(url, 'house-price', [{ rooms: 1 }], { host: 'localhost', origin: 'http://localhost' })).status, 200)
})

test('with tokens every route but health and readiness needs one', async (context) => {
  const secret = 'a secret of many letters'.replaceAll(' ', '-')
  const guarded = await startEndpoint(platform, { tokens: `shop:viewer:${secret}` })
  context.after(() => guarded.stop())
  const bearer = { authorization: `Bearer ${secret}` }
  for (const path of ['/health', '/ready']) assert.notEqual((await send(`${guarded.url}${path}`)).status, 401, path)
  for (const path of ['/models', '/models/house-price', '/metrics']) {
    assert.equal(failureOf(await send(`${guarded.url}${path}`)).code, 'unauthenticated', path)
    assert.equal(failureOf(await send(`${guarded.url}${path}`, { headers: { authorization: 'Bearer something-else-entirely' } })).code, 'token-unknown', path)
    assert.equal((await send(`${guarded.url}${path}`, { headers: bearer })).status === 401, false, path)
  }
  // Nobody learns from a refusal which models there are, or whether their rows would fit.
  assert.equal(failureOf(await predict(guarded.url, 'nowhere', [7])).code, 'unauthenticated')
  assert.equal((await predict(guarded.url, 'house-price', [{ rooms: 4 }], bearer)).status, 200)
})

test('no request has met a bug', () => {
  assert.doesNotMatch(endpoint.log(), /met a bug/)
})

function pick({ status, code }: { readonly status: number; readonly code: string }): [number, string] {
  return [status, code]
}
