import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Answer } from '../endpoint.js'
import { startStage, textOf, type Stage } from './stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({})
})
after(() => stage.stop())

function infer(model: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
  return stage.post(`/v2/models/${model}/infer`, body, headers)
}

const matrix = { name: 'input-0', shape: [2, 2], datatype: 'FP64', data: [1, 2, 3, 4] }

test('the worked example is answered as the protocol says', async () => {
  const { status, headers, json } = await infer('iris', { id: '42', inputs: [matrix], outputs: [{ name: 'output-0' }] })
  assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
  assert.deepEqual(json, { model_name: 'iris', model_version: '3', id: '42', outputs: [{ name: 'output-0', datatype: 'INT64', shape: [2], data: [0, 1] }] })
})

test('without named outputs a classification answers its probabilities too, with their classes', async () => {
  const { json } = await infer('size', { inputs: [{ name: 'rooms', shape: [2, 1], datatype: 'INT32', data: [[7], [2]] }] })
  const outputs = [
    { name: 'output-0', datatype: 'BYTES', shape: [2], data: ['large, "very"', 'small'] },
    { name: 'probabilities', datatype: 'FP64', shape: [2, 2], parameters: { classes: '["large, \\"very\\"","small"]' }, data: [0.75, 0.25, 0, 1] },
  ]
  assert.deepEqual(json, { model_name: 'size', model_version: '1', outputs })
})

test('columns come as tensors of their names, in any order, flat or nested, and a null is a missing value', async () => {
  const rooms = { name: 'rooms', shape: [3], datatype: 'UINT8', data: [1, 2, 3] }
  const district = { name: 'district', shape: [3, 1], datatype: 'BYTES', data: [['98029'], ['a'], [null]] }
  const garden = { name: 'garden', shape: [3, 1], datatype: 'BOOL', data: [true, null, false] }
  for (const inputs of [[rooms, district, garden], [garden, rooms], [rooms]]) {
    assert.deepEqual((await infer('house-price', { inputs })).json, { model_name: 'house-price', model_version: '1', outputs: [{ name: 'output-0', datatype: 'FP64', shape: [3], data: [2, 4, 6] }] })
  }
})

test('a matrix may be nested, and have one row', async () => {
  const expected = [0, 1]
  const answer = await infer('iris', { inputs: [{ ...matrix, data: [[1, 2], [3, 4]] }], outputs: [{ name: 'output-0' }] })
  assert.deepEqual(outputsOf(answer), [expected])
  assert.deepEqual(outputsOf(await infer('sum', { inputs: [{ name: 'x', shape: [1, 4], datatype: 'INT64', data: [1, 2, 3, 4] }] })), [[10]])
})

test('tensors that do not fit are refused as 400 with one text', async () => {
  const rooms = { name: 'rooms', shape: [2], datatype: 'FP64', data: [1, 2] }
  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['iris', { inputs: [{ ...matrix, data: [1, 2, 3] }] }, /"input-0" has 3 values, and its shape \[2, 2\] asks for 4/],
    ['iris', { inputs: [{ ...matrix, data: [[1, 2, 3, 4]] }] }, /nested in another way/],
    ['iris', { inputs: [{ ...matrix, data: [[1, 2], 3] }] }, /nested in another way/],
    ['iris', { inputs: [{ ...matrix, data: [[[1], [2]], [[3], [4]]] }] }, /its value 0 is a list/],
    ['iris', { inputs: [{ ...matrix, shape: [4] }] }, /has shape \[4\]; the model takes one tensor of shape \[rows, 2\], or one of shape \[rows\] for each of: x1, x2/],
    ['iris', { inputs: [{ ...matrix, shape: [1, 2, 2] }] }, /has shape \[1, 2, 2\]/],
    ['iris', { inputs: [{ ...matrix, shape: [2, -2] }] }, /shape/],
    ['iris', { inputs: [{ ...matrix, shape: [0, 2], data: [] }] }, /no rows/],
    ['iris', { inputs: [{ ...matrix, shape: [2 ** 52, 2] }] }, /more than 10000 rows/],
    ['iris', { inputs: [{ ...matrix, datatype: 'FP8' }] }, /datatype/],
    ['iris', { inputs: [{ ...matrix, datatype: 'INT8', data: [1, 2, 3, 128] }] }, /is of datatype INT8, and its value 3 is 128/],
    ['iris', { inputs: [{ ...matrix, datatype: 'INT32', data: [1, 2, 3, 4.5] }] }, /datatype INT32, and its value 3 is 4\.5/],
    ['iris', { inputs: [{ ...matrix, datatype: 'BYTES' }] }, /datatype BYTES, and its value 0 is 1/],
    ['iris', { inputs: [{ ...matrix, datatype: 'BOOL', data: [true, true, true, true] }] }, /rows\[0\]\.x1 must be a number, is the boolean true/],
    ['iris', { inputs: [{ name: 'x1', shape: [1], datatype: 'FP64', data: [1] }] }, /rows\[0\]\.x2 is missing/],
    ['iris', { inputs: [{ name: 'x1', shape: [1], datatype: 'FP64', data: [1] }, { name: 'x3', shape: [1], datatype: 'FP64', data: [1] }] }, /"x3", which is no input of the model; these are: x1, x2/],
    ['house-price', { inputs: [rooms, rooms] }, /"rooms" is there twice/],
    ['house-price', { inputs: [rooms, { name: 'garden', shape: [3], datatype: 'BOOL', data: [true, true, true] }] }, /"garden" has shape \[3\], and not \[2\]/],
    ['iris', { inputs: [] }, /inputs/],
    ['iris', {}, /inputs/],
    ['iris', 'nonsense', /JSON/],
    ['iris', { id: 42, inputs: [matrix] }, /id/],
    ['iris', { inputs: [matrix], outputs: [{ name: 'output-9' }] }, /no output "output-9"; it has: output-0, probabilities/],
  ]
  for (const [model, body, message] of refused) {
    const answer = await infer(model, body)
    assert.deepEqual([answer.status, answer.headers['content-type'], Object.keys(answer.json ?? {})], [400, 'application/json', ['error']], JSON.stringify(body))
    assert.match(textOf(answer, 'error'), message)
  }
})

test('a body is JSON whatever its type says', async () => {
  for (const type of ['application/octet-stream', 'text/plain', 'application/x-www-form-urlencoded']) assert.equal((await infer('iris', JSON.stringify({ inputs: [matrix] }), { 'content-type': type })).status, 200, type)
})

test('each refusal has its status', async () => {
  const missing = await infer('nowhere', { inputs: [matrix] })
  assert.equal(missing.status, 404)
  assert.match(textOf(missing, 'error'), /^No version of model nowhere serves here/)
  assert.equal((await infer('moody', { inputs: [{ name: 'rooms', shape: [1], datatype: 'FP64', data: [101] }] })).status, 500)
  assert.equal((await stage.post('/v2/models/iris/versions/2/infer', { inputs: [matrix] })).status, 404)
  assert.equal((await infer('iris', 'x=1', { 'content-type': 'text/plain' })).status, 400)
})

test('the binary extension is refused, and not listed', async () => {
  const answer = await infer('iris', 'binary', { 'content-type': 'application/octet-stream', 'inference-header-content-length': '3' })
  assert.equal(answer.status, 400)
  assert.match(textOf(answer, 'error'), /binary tensor data extension is not supported/)
  const { json } = await stage.get('/v2')
  assert.deepEqual(json, { name: 'refit', version: '2', extensions: [] })
})

test('it describes the server, its models and their versions', async () => {
  assert.deepEqual((await stage.get('/v2/health/live')).json, { live: true })
  const ready = await stage.get('/v2/health/ready')
  assert.deepEqual([ready.status, ready.json], [200, { ready: true, live: true }])
  const models = (await stage.get('/v2/models')).json
  assert.ok(typeof models === 'object' && models !== null && 'models' in models && Array.isArray(models.models))
  assert.deepEqual(models.models.map(String).toSorted(), ['house-price', 'iris', 'moody', 'size', 'sum'])
  const iris = {
    name: 'iris',
    versions: ['3'],
    platform: 'refit',
    inputs: [{ name: 'x1', datatype: 'FP64', shape: [-1] }, { name: 'x2', datatype: 'FP64', shape: [-1] }],
    outputs: [{ name: 'output-0', datatype: 'INT64', shape: [-1] }, { name: 'probabilities', datatype: 'FP64', shape: [-1, 2], parameters: { classes: '["0","1"]' } }],
  }
  for (const path of ['/v2/models/iris', '/v2/models/iris/versions/3']) assert.deepEqual((await stage.get(path)).json, iris)
  for (const path of ['/v2/models/iris/ready', '/v2/models/iris/versions/3/ready']) assert.deepEqual((await stage.get(path)).json, { name: 'iris', ready: true })
  for (const path of ['/v2/models/nowhere', '/v2/models/nowhere/ready', '/v2/models/iris/versions/2', '/v2/models/iris/versions/2/ready']) {
    const { status, json } = await stage.get(path)
    assert.deepEqual([status, Object.keys(json ?? {})], [404, ['error']], path)
  }
  const house = (await stage.get('/v2/models/house-price')).json
  assert.ok(typeof house === 'object' && house !== null && 'inputs' in house)
  assert.deepEqual(house.inputs, [{ name: 'rooms', datatype: 'FP64', shape: [-1] }, { name: 'district', datatype: 'BYTES', shape: [-1] }, { name: 'garden', datatype: 'BOOL', shape: [-1] }])
})

test('deep and huge bodies do no harm', async () => {
  const deep = `{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":${'['.repeat(100_000)}1${']'.repeat(100_000)}}]}`
  assert.equal((await infer('iris', deep)).status, 400)
  assert.equal((await infer('iris', `{"__proto__":{"inputs":[]}}`)).status, 400)
  assert.equal((await infer('iris', { inputs: [{ ...matrix, shape: [1_000_000, 2], data: Array.from({ length: 2_000_000 }, () => 1) }] })).status, 400)
  assert.equal((await infer('iris', { inputs: [matrix] })).status, 200)
})

test('no request has met a bug', () => {
  assert.doesNotMatch(stage.endpoint.log(), /met a bug/)
})

/** The data of the outputs. */
function outputsOf({ json }: Answer): unknown {
  return typeof json === 'object' && json !== null && 'outputs' in json && Array.isArray(json.outputs) ? json.outputs.map((output: { readonly data?: unknown }) => output.data) : undefined
}
