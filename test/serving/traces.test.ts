import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { startHttpReceiver, type HttpReceiver } from '../support/http-receiver.js'
import { createProject, until } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

const KeyValue = Type.Object({ key: Type.String(), value: Type.Record(Type.String(), Type.Unknown()) })
const Span = Type.Object({ traceId: Type.String(), spanId: Type.String(), parentSpanId: Type.Optional(Type.String()), name: Type.String(), kind: Type.Integer(), attributes: Type.Array(KeyValue), status: Type.Object({ code: Type.Integer() }) })
const Sent = Type.Object({ resourceSpans: Type.Array(Type.Object({ resource: Type.Object({ attributes: Type.Array(KeyValue) }), scopeSpans: Type.Array(Type.Object({ spans: Type.Array(Span) })) })) })
type Span = Static<typeof Span>

const [SERVER, ERROR] = [2, 2] as const
const caller = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' }
const environmentFor = ({ url }: HttpReceiver): Record<string, string> => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' })

/** The spans that have arrived, in whatever requests. */
function spansIn({ requests }: HttpReceiver): readonly Span[] {
  return requests.flatMap(({ body }) => Value.Parse(Sent, JSON.parse(body)).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
}

function attributesOf(attributes: Span['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

test('a collector that the environment names is sent a span for each prediction, under that of its caller, with what answered; without one that answers predictions go on', async (t) => {
  const collector = await startHttpReceiver()
  t.after(() => collector.stop())
  const project = await createProject(smallProject())
  t.after(() => project.close())
  await project.up({ environment: environmentFor(collector) })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  const endpoint = await until('an endpoint', async () => (await project.api().model(MODEL)).endpoint ?? undefined)
  const ask = (body: string, headers: Record<string, string> = {}): Promise<Response> => fetch(endpoint, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  await until('version 1', async () => ((await ask('{"rows":[{"distance_km":100}]}')).status === 200 ? true : undefined))

  const traceparent = `00-${caller.trace}-${caller.span}-01`
  const answered = await ask('{"rows":[{"distance_km":100},{"distance_km":200}]}', { traceparent })
  assert.equal(answered.status, 200)
  const of = (spans: readonly Span[], name: RegExp): Span | undefined => spans.find((span) => span.traceId === caller.trace && name.test(span.name))
  const [request, step] = await until('its spans', () => {
    const spans = spansIn(collector)
    const found = [of(spans, /^POST /), of(spans, /^predict$/)] as const
    return Promise.resolve(found.includes(undefined) ? undefined : found)
  })
  assert.deepEqual([request?.name, request?.kind, request?.parentSpanId, step?.parentSpanId], ['POST /models/:model/predict', SERVER, caller.span, request?.spanId])
  const { 'refit.prediction': id, ...attributes } = attributesOf(request?.attributes ?? [])
  assert.equal(id, answered.headers.get('refit-prediction-id'))
  assert.deepEqual(attributes, { 'http.request.method': 'POST', 'http.route': '/models/:model/predict', 'refit.model': MODEL, 'refit.version': 1, 'refit.rows': 2, 'http.response.status_code': 200 })
  const [sent] = collector.requests
  const resource = Value.Parse(Sent, JSON.parse(sent?.body ?? '')).resourceSpans[0]?.resource.attributes ?? []
  const { 'service.name': service, 'deployment.environment.name': deployment } = attributesOf(resource)
  assert.deepEqual([service, deployment], ['refit-serving', 'test'])

  assert.equal((await ask('{"rows":[{"distance_km":"far"}]}', { traceparent: traceparent.replace(caller.span, 'a7ad6b7169203331') })).status, 400)
  const refused = await until('the span of a refusal', () => Promise.resolve(spansIn(collector).find(({ parentSpanId }) => parentSpanId === 'a7ad6b7169203331')))
  assert.equal(attributesOf(refused.attributes)['http.response.status_code'], 400)
  assert.notEqual(refused.status.code, ERROR, 'the caller’s mistake is no failure of the server')

  // What its caller has not sampled is not sent, nor is what nobody asks for predictions.
  assert.equal((await ask('{"rows":[{"distance_km":1}]}', { traceparent: `00-${'1'.repeat(32)}-${caller.span}-00` })).status, 200)
  assert.equal((await fetch(new URL('/health', endpoint))).status, 200)
  assert.equal((await ask('{"rows":[{"distance_km":1}]}', { traceparent: `00-${'2'.repeat(32)}-${caller.span}-01` })).status, 200)
  await until('what was asked after them', () => Promise.resolve(spansIn(collector).some(({ traceId }) => traceId === '2'.repeat(32)) ? true : undefined))
  assert.ok(spansIn(collector).every(({ traceId, name }) => traceId !== '1'.repeat(32) && !name.includes('/health')))

  await collector.stop()
  assert.equal((await ask('{"rows":[{"distance_km":100}]}')).status, 200)
  await until('a word of the loss', async () => ((await readFile(join(project.stateFolder, 'logs', 'serving.log'), 'utf8')).includes('"msg":"traces: ') ? true : undefined))
  assert.equal((await ask('{"rows":[{"distance_km":100}]}')).status, 200)
})
