import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startStage, textOf, type Stage } from './stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({ invocations: 'iris' })
})
after(() => stage.stop())

/** Rows of the model with a number, a category and a boolean. */
const houses = '/models/house-price/invocations'
const csv = { 'content-type': 'text/csv' }

test('the worked example is answered as MLflow answers it', async () => {
  const { status, headers, json } = await stage.post('/invocations', { dataframe_split: { columns: ['x1', 'x2'], data: [[1.0, 2.0], [3.0, 4.0]] }, params: { t: 0.5 } })
  assert.deepEqual({ status, type: headers['content-type'], json }, { status: 200, type: 'application/json', json: { predictions: [0, 1] } })
})

test('every form of the same rows has the same answer', async () => {
  const forms: readonly object[] = [
    { dataframe_split: { columns: ['x2', 'x1'], index: [7, 8], data: [[2, 1], [4, 3]] } },
    { dataframe_split: { data: [[1, 2], [3, 4]] } },
    { dataframe_split: { columns: [0, 1], data: [[1, 2], [3, 4]] } },
    { dataframe_records: [{ x1: 1, x2: 2 }, { x2: 4, x1: 3 }] },
    { instances: [{ x1: 1, x2: 2 }, { x1: 3, x2: 4 }] },
    { instances: [[1, 2], [3, 4]] },
    { inputs: { x1: [1, 3], x2: [2, 4] } },
    { inputs: { x1: [[1], [3]], x2: [[2], [4]] } },
    { inputs: [[1, 2], [3, 4]] },
    { inputs: [{ x1: 1, x2: 2 }, { x1: 3, x2: 4 }] },
  ]
  for (const form of forms) assert.deepEqual((await stage.post('/invocations', form)).json, { predictions: [0, 1] }, JSON.stringify(form))
  assert.deepEqual((await stage.post('/invocations', { inputs: { x1: 3, x2: 4 } })).json, { predictions: [1] })
  assert.deepEqual((await stage.post('/invocations', 'x1,x2\n1,2\n3,4\n', csv)).json, { predictions: [0, 1] })
  assert.deepEqual((await stage.post('/models/size/invocations', { instances: [7, 2] })).json, { predictions: ['large, "very"', 'small'] })
})

test('probabilities are answered where they are asked for', async () => {
  const { json } = await stage.post('/invocations', { instances: [[3, 4]], params: { probabilities: true } })
  assert.deepEqual(json, { predictions: [{ label: '1', probabilities: { 0: 0.25, 1: 0.75 } }] })
})

test('values are cast to the type of their input, and columns that are none are left out', async () => {
  const row = { id: 'A-7', rooms: '3', district: 98029, garden: 1 }
  assert.deepEqual((await stage.post(houses, { dataframe_records: [row] })).json, { predictions: [6] })
  assert.deepEqual((await stage.post(houses, ',rooms,district,garden\n0,3,98029,True\n1,2.5,"a ""b"",\nc",\n', csv)).json, { predictions: [6, 5] })
})

test('what pandas writes for a missing value is one', async () => {
  assert.deepEqual((await stage.post(houses, '{"dataframe_records": [{"rooms": 3, "district": NaN, "garden": NaN}, {"rooms": 1, "district": "NaN \\" NaN"}]}')).json, { predictions: [6, 2] })
  const refused = await stage.post(houses, '{"dataframe_records": [{"rooms": NaN}]}')
  assert.match(textOf(refused, 'message'), /rows\[0\]\.rooms is null, and not optional/)
})

test('a body that is no request is refused in the words of MLflow', async () => {
  const bodies: readonly (readonly [string, RegExp])[] = [
    ['this is,,,, not valid json', /^Invalid input\. Ensure that input is a valid JSON formatted string\./],
    ['', /Ensure that input is a valid JSON formatted string/],
    ['[[1, 2]]', /The input must be a JSON dictionary with exactly one of the input fields .*\. Received a list\.$/],
    ['1', /exactly one of the input fields/],
    ['"1"', /exactly one of the input fields/],
    ['null', /exactly one of the input fields/],
    ['{"not": "a serialized dataframe"}', /exactly one of the input fields .*Received dictionary with input fields: not\.$/],
    ['{"dataframe_records": [], "dataframe_split": {"data": []}}', /exactly one of the input fields/],
    ['{"dataframe_split": [{"x1": 1}]}', /Dataframe split format must be a dictionary\. Got list\.$/],
    ['{"dataframe_records": {"data": []}}', /Dataframe records format must be a list of records\. Got dictionary\.$/],
    ['{"dataframe_split": {"index": [1, 2], "data": [[1], [2], [3]]}}', /Provided dataframe_split field is not a valid dataframe representation/],
    ['{"dataframe_split": {"columns": ["x1", "x1"], "data": [[1, 2]]}}', /x1.* is there twice/],
    ['{"instances": {}}', /instances must be a list/],
    ['{"inputs": {"x1": [1], "x2": [1, 2]}}', /"x2" has 2 values/],
    ['{"instances": []}', /no rows/],
    [`{"instances": [${Array.from({ length: 10_001 }, () => '[1,2]').join(',')}]}`, /more than 10000 rows/],
    [`{"instances": [${Array.from({ length: 1_000_000 }, () => '[]').join(',')}]}`, /more than 10000 rows/],
  ]
  for (const [body, message] of bodies) {
    const answer = await stage.post('/invocations', body)
    assert.deepEqual([answer.status, answer.headers['content-type'], textOf(answer, 'error_code')], [400, 'application/json', 'BAD_REQUEST'], body.slice(0, 80))
    assert.match(textOf(answer, 'message'), message)
    assert.deepEqual(Object.keys(answer.json ?? {}), ['error_code', 'message', 'stack_trace'])
  }
  assert.match(textOf(await stage.post('/invocations', '', csv), 'message'), /The CSV is empty/)
  assert.match(textOf(await stage.post('/invocations', 'x1,x2\n"1', csv), 'message'), /does not end/)
})

test('rows that do not fit are refused, with what is wrong where', async () => {
  const answer = await stage.post(houses, { dataframe_split: { columns: ['rooms', 'garden'], data: [[1, true], ['many', 'yes'], [null, null]] } })
  assert.deepEqual([answer.status, textOf(answer, 'error_code')], [400, 'INVALID_PARAMETER_VALUE'])
  assert.equal(textOf(answer, 'message'), 'Failed to enforce schema of the data. Error: rows[1].rooms must be a number, is the text "many"; rows[1].garden must be true or false, is the text "yes"; rows[2].rooms is null, and not optional')
  const named = await stage.post('/invocations', { dataframe_split: { columns: ['x1', 'x2'], data: [[1]] } })
  assert.deepEqual([named.status, textOf(named, 'error_code')], [400, 'INVALID_PARAMETER_VALUE'])
})

test('rows without names and of another width than the model takes are a bad request', async () => {
  const forms = [{ instances: [[1, 2, 3]] }, { inputs: [[1, 2, 3]] }, { dataframe_split: { columns: [0, 1, 2], index: [0], data: [[1, 2, 3]] } }, { dataframe_split: { data: [[1, 2, 3]] } }]
  for (const form of forms) {
    const refused = await stage.post('/invocations', form)
    assert.deepEqual([refused.status, textOf(refused, 'error_code')], [400, 'BAD_REQUEST'])
    assert.match(textOf(refused, 'message'), /rows\[0\] has 3 values, and not 2: x1, x2/)
  }
})

test('other types of content are refused as text', async () => {
  for (const type of ['not_a_supported_content_type', 'text/plain', 'application/json; something=something', 'application/json; charset=latin-1', 'application/octet-stream']) {
    const { status, headers, body } = await stage.post('/invocations', '{}', { 'content-type': type })
    assert.deepEqual([status, headers['content-type']], [415, 'text/plain; charset=utf-8'], type)
    assert.match(body, /^This predictor only supports the following content types: /)
  }
  assert.equal((await stage.post('/invocations', { instances: [[1, 2]] }, { 'content-type': 'application/json; charset=UTF-8' })).status, 200)
})

test('a conversation is one row, and its answer is not wrapped', async () => {
  // The model takes none of it, and says so of this one row.
  const answer = await stage.post('/invocations', { messages: [{ role: 'user', content: 'hello' }], temperature: 0.5 })
  assert.match(textOf(answer, 'message'), /rows\[0\]\.x1 is missing/)
  assert.deepEqual((await stage.post('/invocations', { prompt: 'hello', x1: 1, x2: 2 })).json, [0])
})

test('a model that is not here, or answers nonsense, is refused in the same form', async () => {
  const [missing, nonsense] = [await stage.post('/models/nowhere/invocations', { instances: [[1]] }), await stage.post('/models/moody/invocations', { dataframe_records: [{ rooms: 101 }] })]
  assert.deepEqual([missing.status, textOf(missing, 'error_code')], [404, 'RESOURCE_DOES_NOT_EXIST'])
  assert.deepEqual([nonsense.status, textOf(nonsense, 'error_code')], [500, 'INTERNAL_ERROR'])
  assert.match(textOf(nonsense, 'message'), /no usable prediction/)
})

test('it says that it is well, and which MLflow it is like', async () => {
  const ping = await stage.get('/ping')
  assert.deepEqual([ping.status, ping.body, ping.headers['content-type']], [200, '\n', 'application/json'])
  assert.equal((await stage.get('/health')).status, 200)
  assert.equal((await stage.get('/models/size/ping')).status, 200)
  assert.equal((await stage.get('/models/nowhere/ping')).status, 503)
  const { status, body } = await stage.get('/version')
  assert.equal(status, 200)
  assert.match(body, /^\d+\.\d+\.\d+$/)
})

test('a body beyond all limits is refused', async () => {
  const answer = await stage.post('/invocations', `{"instances": ["${'x'.repeat(17 * 1024 * 1024)}"]}`)
  assert.deepEqual([answer.status, textOf(answer, 'error_code')], [413, 'BAD_REQUEST'])
  const deep = await stage.post('/invocations', `{"instances": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
  assert.equal(deep.status, 400)
})

test('names that every object has do no harm', async () => {
  const answer = await stage.post(houses, '{"dataframe_records": [{"__proto__": {"rooms": 1}, "constructor": 1, "rooms": 2}]}')
  assert.deepEqual(answer.json, { predictions: [4] })
  assert.equal((await stage.post('/invocations', '{"__proto__": {"instances": [[1, 2]]}}')).status, 400)
  assert.equal((await stage.post('/models/__proto__/invocations', '{"instances": [[1, 2]]}')).status, 404)
})

test('what is asked here counts as any other request', async () => {
  await stage.post('/models/size/invocations', { instances: [7, 2] })
  await stage.post('/models/size/invocations', '[')
  const { body } = await stage.get('/metrics')
  const value = (series: string): number => Number(body.split('\n').find((line) => line.startsWith(`${series} `))?.split(' ').at(-1))
  assert.ok(value('refit_predicted_rows_total{model="size"}') >= 2)
  assert.ok(value('refit_predict_requests_total{model="size",status="400"}') >= 1)
  assert.ok(value('refit_predict_requests_total{model="iris",status="200"}') >= 1)
})

test('no request has met a bug', () => {
  assert.doesNotMatch(stage.endpoint.log(), /met a bug/)
})
