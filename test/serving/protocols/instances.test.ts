import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startStage, textOf, type Stage } from './stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({})
})
after(() => stage.stop())

test('the worked example of Vertex AI is answered with one prediction an instance', async () => {
  const { status, headers, json } = await stage.post('/v1/models/iris:predict', { instances: [{ x1: 1.0, x2: 2.0 }], parameters: { t: 0.5 } })
  assert.deepEqual({ status, type: headers['content-type'], json }, { status: 200, type: 'application/json', json: { predictions: [0] } })
})

test('instances are objects, or lists in the order of the inputs', async () => {
  assert.deepEqual((await stage.post('/v1/models/iris:predict', { instances: [[3, 4], { x2: 1, x1: 1 }] })).json, { predictions: [1, 0] })
  assert.deepEqual((await stage.post('/v1/models/house-price:predict', { instances: [[3, '98029', null]] })).json, { predictions: [6] })
})

test('probabilities are answered where the parameters ask for them', async () => {
  const { json } = await stage.post('/v1/models/size:predict', { instances: [[2]], parameters: { probabilities: true } })
  assert.deepEqual(json, { predictions: [{ label: 'small', probabilities: { 'large, "very"': 0, small: 1 } }] })
})

test('a refusal is one text', async () => {
  const refused: readonly (readonly [string, unknown, number, RegExp])[] = [
    ['iris', {}, 400, /instances/],
    ['iris', [], 400, /body/],
    ['iris', 'nonsense', 400, /JSON/],
    ['iris', { instances: [] }, 400, /no rows/],
    ['iris', { instances: [[1]] }, 400, /rows\[0\] has 1 values, and not 2: x1, x2/],
    ['iris', { instances: [{ x1: '1', x2: 2, x3: 3 }] }, 400, /rows\[0\]\.x1 must be a number, is the text "1"; rows\[0\]\.x3 is no input/],
    ['nowhere', { instances: [[1]] }, 404, /nowhere/],
    ['moody', { instances: [{ rooms: 101 }] }, 500, /no usable prediction/],
  ]
  for (const [model, body, status, message] of refused) {
    const answer = await stage.post(`/v1/models/${model}:predict`, body)
    assert.deepEqual([answer.status, Object.keys(answer.json ?? {})], [status, ['error']], JSON.stringify(body))
    assert.match(textOf(answer, 'error'), message)
  }
  assert.equal((await stage.post('/v1/models/iris:explain', { instances: [[1, 2]] })).status, 404)
})

test('no request has met a bug', () => {
  assert.doesNotMatch(stage.endpoint.log(), /met a bug/)
})
