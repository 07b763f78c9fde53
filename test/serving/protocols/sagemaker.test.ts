import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { failureOf } from '../endpoint.js'
import { startStage, type Stage } from './stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({ invocations: 'sum', dialects: { sum: 'sagemaker', size: 'sagemaker' } })
})
after(() => stage.stop())

const csv = { 'content-type': 'text/csv' }

test('the worked example is answered as a container of SageMaker answers it', async () => {
  const { status, headers, body } = await stage.post('/invocations', '5.1,3.5,1.4,0.2', { ...csv, accept: 'text/csv' })
  assert.deepEqual({ status, type: headers['content-type'], body }, { status: 200, type: 'text/csv; charset=utf-8', body: `${5.1 + 3.5 + 1.4 + 0.2}\n` })
})

test('CSV has no header unless its type says so', async () => {
  assert.deepEqual((await stage.post('/invocations', '1,2,3,4\n5,6,7,8\r\n', csv)).json, { predictions: [10, 26] })
  assert.deepEqual((await stage.post('/invocations', '1,2,3,4', { 'content-type': 'text/csv; label_size=0' })).json, { predictions: [10] })
  assert.deepEqual((await stage.post('/invocations', 'd,c,b,a\n1,2,3,4\n', { 'content-type': 'text/csv; header=present' })).json, { predictions: [10] })
  const failure = failureOf(await stage.post('/invocations', 'a,b,c,d\n1,2,3,4\n', csv))
  assert.deepEqual([failure.status, failure.code, failure.faults?.[0]], [400, 'rows-invalid', { path: 'rows[0].a', message: 'must be a number, is the text "a"' }])
})

test('JSON is taken in every form that its frameworks and algorithms send', async () => {
  const row = { a: 1, b: 2, c: 3, d: 4 }
  const bodies: readonly unknown[] = [[[1, 2, 3, 4]], [row], [1, 2, 3, 4], row, { instances: [[1, 2, 3, 4]] }, { instances: [row] }, { instances: [{ features: [1, 2, 3, 4] }] }, { dataframe_split: { columns: ['a', 'b', 'c', 'd'], data: [[1, 2, 3, 4]] } }, { inputs: { a: [1], b: [2], c: [3], d: [4] } }]
  for (const body of bodies) assert.deepEqual((await stage.post('/invocations', body)).json, { predictions: [10] }, JSON.stringify(body))
  const lines = '[1,2,3,4]\n\n{"a":1,"b":1,"c":1,"d":1}\r\n{"features":[0,0,0,1]}'
  assert.deepEqual((await stage.post('/invocations', lines, { 'content-type': 'application/jsonlines' })).json, { predictions: [10, 4, 1] })
})

test('Accept chooses the form of the answer', async () => {
  const ask = (accept: string | undefined): ReturnType<Stage['post']> => stage.post('/models/size/invocations', '7\n2\n', { ...csv, ...(accept === undefined ? {} : { accept }) })
  const json = { predictions: ['large, "very"', 'small'] }
  for (const accept of [undefined, '*/*', 'application/json', 'image/png, application/json;q=0.5']) assert.deepEqual((await ask(accept)).json, json, accept)
  assert.equal((await ask('text/csv')).body, '"large, ""very"""\nsmall\n')
  const lines = await ask('application/jsonlines')
  assert.deepEqual([lines.headers['content-type'], lines.body], ['application/jsonlines', '"large, \\"very\\""\n"small"\n'])
  const failure = failureOf(await ask('image/png'))
  assert.deepEqual([failure.status, failure.code], [406, 'answer-type-unsupported'])
})

test('custom attributes come back as they were sent', async () => {
  const { headers } = await stage.post('/invocations', '1,2,3,4', { ...csv, 'x-amzn-sagemaker-custom-attributes': 'trace=7' })
  assert.equal(headers['x-amzn-sagemaker-custom-attributes'], 'trace=7')
  assert.equal((await stage.post('/invocations', '1,2,3,4', csv)).headers['x-amzn-sagemaker-custom-attributes'], undefined)
})

test('what cannot be read is refused', async () => {
  const refused: readonly (readonly [string, string, number, string])[] = [
    ['1,2,3', 'text/csv', 400, 'rows-invalid'],
    ['', 'text/csv', 400, 'request-invalid'],
    ['\n\n\n', 'text/csv', 400, 'request-invalid'],
    ['1,2,3,4\n'.repeat(10_001), 'text/csv', 400, 'request-invalid'],
    ['[1,2,3,4]\n'.repeat(10_001), 'application/jsonlines', 400, 'request-invalid'],
    ['"1,2,3,4', 'text/csv', 400, 'request-invalid'],
    ['[[1,2,3,4]', 'application/json', 400, 'input-invalid'],
    ['7', 'application/json', 400, 'input-invalid'],
    ['null', 'application/json', 400, 'input-invalid'],
    ['[]', 'application/json', 400, 'request-invalid'],
    ['{}', 'application/json', 400, 'rows-invalid'],
    ['{"dataframe_split": []}', 'application/json', 400, 'input-invalid'],
    ['[7]', 'application/json', 400, 'rows-invalid'],
    ['1 2 3 4', 'text/libsvm', 415, 'media-type-unsupported'],
    ['1,2,3,4', '', 415, 'media-type-unsupported'],
  ]
  for (const [body, type, status, code] of refused) {
    const failure = failureOf(await stage.post('/invocations', body, { 'content-type': type }))
    assert.deepEqual([failure.status, failure.code], [status, code], `${type}: ${body.slice(0, 40)}`)
  }
})

test('blank lines hide no row', async () => {
  const { json } = await stage.post('/invocations', `${'\n'.repeat(30_000)}1,2,3,4\n${'\n'.repeat(30_000)}5,6,7,8`, csv)
  assert.deepEqual(json, { predictions: [10, 26] })
  const lines = await stage.post('/invocations', `${'\n'.repeat(30_000)}[1,2,3,4]\n${'\n'.repeat(30_000)}[5,6,7,8]`, { 'content-type': 'application/jsonlines' })
  assert.deepEqual(lines.json, { predictions: [10, 26] })
})

test('each model has its own dialect, and the address of the AWS clients always has this one', async () => {
  // Without a header MLflow's CSV has no rows.
  assert.equal((await stage.post('/models/iris/invocations', '3,4\n', csv)).status, 400)
  assert.deepEqual((await stage.post('/endpoints/iris/invocations', '3,4\n', csv)).json, { predictions: [1] })
  assert.equal(failureOf(await stage.post('/endpoints/nowhere/invocations', '3,4\n', csv)).code, 'model-not-live')
  assert.equal(failureOf(await stage.post('/models/size/invocations', '[', {})).code, 'input-invalid')
})

test('no request has met a bug', () => {
  assert.doesNotMatch(stage.endpoint.log(), /met a bug/)
})
