import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Compile } from 'typebox/schema'
import { startStage, type Stage } from './protocols/stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({})
})
after(() => stage.stop())

/** What lies at a path within JSON. */
function at(json: unknown, ...path: readonly string[]): unknown {
  return path.reduce((value: unknown, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined), json)
}

/** One of the schemas that a model's page names, with those that it refers to. */
async function schemaOf(model: string, name: string): Promise<{ Check(value: unknown): boolean }> {
  const { json } = await stage.get(`/models/${model}/openapi.json`)
  const schemas = at(json, 'components', 'schemas')
  const text = JSON.stringify({ $defs: schemas, $ref: `#/$defs/${name}` }).replaceAll('#/components/schemas/', '#/$defs/')
  const schema: unknown = JSON.parse(text)
  assert.ok(typeof schema === 'object' && schema !== null)
  return Compile(schema)
}

test('a model is described with its version and its addresses', async () => {
  const { status, json } = await stage.get('/models/iris/openapi.json')
  assert.equal(status, 200)
  assert.deepEqual([at(json, 'openapi'), at(json, 'info', 'title'), at(json, 'info', 'version')], ['3.1.0', 'iris', '3'])
  const paths = at(json, 'paths')
  assert.deepEqual(typeof paths === 'object' && paths !== null ? Object.keys(paths) : [], ['/models/iris/predict', '/models/iris/versions/{version}/predict', '/models/iris'])
  assert.equal((await stage.get('/models/nowhere/openapi.json')).status, 404)
})

test('the description lets through the rows that the endpoint takes, and no others', async () => {
  const schema = await schemaOf('house-price', 'Request')
  const rows: readonly unknown[] = [
    { rooms: 3, district: 'a', garden: true },
    { rooms: 3 },
    { rooms: 3, district: null, garden: null },
    { rooms: '3' },
    { rooms: null },
    {},
    { rooms: 3, district: 7 },
    { rooms: 3, garden: 1 },
    { rooms: 3, room: 3 },
    7,
    null,
    [3],
  ]
  const requests = [...rows.map((row) => ({ rows: [row] })), { rows: [] }, {}, { rows: {} }, { rows: [{ rooms: 1 }], more: 1 }, { rows: Array.from({ length: 10_001 }, () => ({ rooms: 1 })) }]
  for (const request of requests) {
    const { status } = await stage.post('/models/house-price/predict', request)
    assert.equal(schema.Check(request), status === 200, JSON.stringify(request).slice(0, 100))
  }
})

test('the description knows the answers and refusals of the endpoint', async () => {
  for (const [model, row] of [['house-price', { rooms: 1 }], ['size', { rooms: 7 }], ['iris', { x1: 1, x2: 2 }]] as const) {
    const schema = await schemaOf(model, 'Answer')
    assert.ok(schema.Check((await stage.post(`/models/${model}/predict`, { rows: [row] })).json), model)
    assert.equal(schema.Check({ model, version: 1, predictions: ['x'] }), false)
    assert.ok((await schemaOf(model, 'Failure')).Check((await stage.post(`/models/${model}/predict`, { rows: [7] })).json))
  }
})
