import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { ask, startRefitMlflow, type Answer, type RunningMlflow } from './running-mlflow.js'

const api = '/api/2.0/mlflow'

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

const post = (path: string, body: unknown): Promise<Answer> => ask(server.url, 'POST', `${api}/${path}`, body)
const get = (path: string): Promise<Answer> => ask(server.url, 'GET', `${api}/${path}`)
const Created = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) })

async function newRun(fields: object = {}): Promise<string> {
  return Value.Parse(Created, (await post('runs/create', { experiment_id: '0', ...fields })).body).run.info.run_id
}

function refused(answer: Answer, status: number, code: string, words = ''): void {
  const { error_code, message } = Value.Parse(Type.Object({ error_code: Type.String(), message: Type.String() }), answer.body)
  assert.deepEqual([answer.status, error_code], [status, code], message)
  assert.ok(message.includes(words), message)
}

test('health and version are bare text, and everything exists below both bases', async () => {
  assert.deepEqual([(await ask(server.url, 'GET', '/health')).text, (await ask(server.url, 'GET', '/version')).text], ['OK', '3.9.0'])
  for (const base of ['/api', '/ajax-api']) {
    assert.equal((await ask(server.url, 'GET', `${base}/2.0/mlflow/experiments/get?experiment_id=0`)).status, 200)
    assert.deepEqual((await ask(server.url, 'GET', `${base}/2.0/mlflow-artifacts/artifacts`)).body, {})
    const { body } = await ask(server.url, 'GET', `${base}/3.0/mlflow/server-info`)
    assert.deepEqual(body, { store_type: 'SqlStore', workspaces_enabled: false, multipart_uploads_enabled: false, multipart_downloads_enabled: false })
  }
})

test('what is not offered answers 404 or 501 in the form of MLflow, never a status that clients try again for minutes', async () => {
  for (const [method, path] of [
    ['POST', '/api/3.0/mlflow/traces'], ['GET', '/api/2.0/mlflow/no/such'], ['POST', '/ajax-api/2.0/mlflow/scorers/list'], ['POST', '/api/3.0/mlflow/datasets/create'], ['GET', '/ajax-api/3.0/mlflow/gateway/x'],
  ] as const) {
    refused(await ask(server.url, method, path, method === 'POST' ? {} : undefined), 404, 'ENDPOINT_NOT_FOUND')
  }
  for (const part of ['create', 'complete', 'abort']) {
    refused(await ask(server.url, 'POST', `/api/2.0/mlflow-artifacts/mpu/${part}/a/b`, {}), 501, 'NOT_IMPLEMENTED', 'Multipart upload is not supported')
  }
  // As register_prompt sends them.
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
  refused(await post('registered-models/create', { name: 'greeting', tags }), 501, 'NOT_IMPLEMENTED', 'Prompts are not kept here')
  refused(await get('registered-models/get?name=greeting'), 404, 'RESOURCE_DOES_NOT_EXIST')
  assert.equal((await post('registered-models/create', { name: 'greeter', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'false' }] })).status, 200)
  refused(await post('model-versions/create', { name: 'greeter', source: 'dummy-source', tags }), 501, 'NOT_IMPLEMENTED', 'Prompts are not kept here')
})

test('who asks for what there is not is told what there is', async () => {
  const { status, body } = await ask(server.url, 'GET', '/nothing')
  const { hint } = Value.Parse(Type.Object({ hint: Type.String() }), body)
  assert.deepEqual([status, hint.includes('openapi')], [404, false], hint)
  assert.match(hint, /MLflow's API below \/api\/2\.0\/mlflow.* a page of its experiments and runs at \/\.$/)
  assert.equal((await ask(server.url, 'GET', '/')).status, 200)
})

test('a run is told with both names of its id, and without what is unset', async () => {
  const { body } = await post('runs/create', { experiment_id: 0, start_time: 123, run_name: 'named', tags: [{ key: 'mlflow.user', value: 'ann' }], user_id: 'ann' })
  const { run } = Value.Parse(Type.Object({ run: Type.Object({ info: Type.Record(Type.String(), Type.Unknown()), data: Type.Unknown() }) }), body)
  const { run_id, run_uuid, artifact_uri, ...rest } = run.info
  assert.equal(run_id, run_uuid)
  assert.equal(artifact_uri, `mlflow-artifacts:/0/${String(run_id)}/artifacts`)
  assert.deepEqual(rest, { run_name: 'named', experiment_id: '0', user_id: 'ann', status: 'RUNNING', start_time: 123, lifecycle_stage: 'active' })
  assert.deepEqual(run.data, { tags: [{ key: 'mlflow.runName', value: 'named' }, { key: 'mlflow.user', value: 'ann' }] })
})

test('numbers leave as numbers, and what is none as a word', async () => {
  const run = await newRun()
  await post('runs/log-batch', {
    run_id: run,
    metrics: [
      { key: 'a', value: 'NaN', timestamp: '1', step: '-3' },
      { key: 'b', value: 'Infinity', timestamp: 1_700_000_000_000 },
      { key: 'c', value: '-Infinity', timestamp: 1 },
      { key: 'd', value: 0.1, timestamp: 1 },
    ],
  })
  const { body } = await get(`runs/get?run_id=${run}`)
  const { metrics } = Value.Parse(Type.Object({ run: Type.Object({ data: Type.Object({ metrics: Type.Array(Type.Unknown()) }) }) }), body).run.data
  assert.deepEqual(metrics, [
    { key: 'a', value: 'NaN', timestamp: 1, step: -3 },
    { key: 'b', value: 'Infinity', timestamp: 1_700_000_000_000, step: 0 },
    { key: 'c', value: '-Infinity', timestamp: 1, step: 0 },
    { key: 'd', value: 0.1, timestamp: 1, step: 0 },
  ])
})

test('messages are taken as clients of any age send them', async () => {
  const run = await newRun()
  // A text that holds JSON, the former name of the id, and fields that nobody knows.
  assert.equal((await post('runs/set-tag', JSON.stringify(JSON.stringify({ run_uuid: run, key: 'a', value: 'b', later: 1 })))).status, 200)
  assert.equal((await ask(server.url, 'POST', `${api}/runs/search`, '{"experiment_ids":["0"],"run_view_type":3}', { 'Content-Type': 'application/json; charset=utf-8' })).status, 200)
  assert.equal((await get(`experiments/search?max_results=10&view_type=2`)).status, 200)
  refused(await post('runs/set-tag', '{'), 400, 'INVALID_PARAMETER_VALUE')
})

test('refusals name the parameter and the value as it was sent', async () => {
  const run = await newRun()
  for (const [path, body, words] of [
    ['experiments/create', { name: 123 }, "Invalid value 123 for parameter 'name' supplied"],
    ['experiments/create', '{"name": "x", "artifact_location": 9.0}', "Invalid value 9.0 for parameter 'artifact_location' supplied"],
    ['experiments/create', { name: 'x', tags: '5' }, `Invalid value "5" for parameter 'tags' supplied`],
    ['runs/log-metric', { key: 'a', value: 1, timestamp: 1 }, "Missing value for required parameter 'run_id'"],
    ['runs/log-metric', { run_id: run, key: 'a', value: 1, timestamp: 'x' }, `Invalid value "x" for parameter 'timestamp' supplied`],
    ['runs/log-metric', { run_id: run, key: 'a', value: true, timestamp: 1 }, `Invalid value true for parameter 'value' supplied`],
    ['runs/log-batch', { run_id: run, metrics: [{ key: 'a', value: 1 }] }, "Missing value for required parameter 'metrics[0].timestamp'"],
    ['runs/search', { experiment_ids: ['0'], max_results: 123_456_789 }, "Invalid value 123456789 for parameter 'max_results' supplied"],
    ['runs/search', { experiment_ids: ['0'], page_token: 'garbage' }, 'Invalid page token'],
    ['runs/search', { experiment_ids: ['0'], order_by: ['metrics.a', 'metrics.a DESC'] }, 'duplicate fields'],
    ['runs/log-parameter', { run_id: run, key: '../a', value: 'b' }, 'Invalid param name'],
    ['runs/log-metric', { run_id: run, key: 'a//b', value: 1, timestamp: 1 }, 'Invalid metric name'],
    ['runs/log-metric', { run_id: run, key: 'a', value: 1, timestamp: -1 }, 'nonnegative'],
    ['runs/set-tag', { run_id: run, key: 'k'.repeat(251), value: 'b' }, 'exceeded length limit of 250'],
    ['runs/create', { experiment_id: '0', run_name: 'a', tags: [{ key: 'mlflow.runName', value: 'b' }] }, 'different values'],
    ['experiments/search-datasets', {}, 'SearchDatasets request must specify at least one experiment_id.'],
    ['logged-models/search', { experiment_ids: ['0'], page_token: 'garbage' }, 'Invalid page token'],
  ] as const) {
    refused(await post(path, body), 400, 'INVALID_PARAMETER_VALUE', words)
  }
})

test('batches have limits, and their parameters one value each', async () => {
  const run = await newRun()
  const metrics = (count: number): object[] => Array.from({ length: count }, (_, step) => ({ key: 'a', value: step, timestamp: 1, step }))
  const entries = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: '1' }))
  assert.equal((await post('runs/log-batch', { run_id: run })).status, 200)
  assert.equal((await post('runs/log-batch', { run_id: run, metrics: metrics(1000) })).status, 200)
  for (const body of [{ metrics: metrics(1001) }, { params: entries(101) }, { tags: entries(101) }, { metrics: metrics(950), params: entries(30), tags: entries(30) }]) {
    refused(await post('runs/log-batch', { run_id: run, ...body }), 400, 'INVALID_PARAMETER_VALUE', 'at most')
  }
  for (const value of ['1', '2']) {
    refused(await post('runs/log-batch', { run_id: run, params: [{ key: 'p', value: '1' }, { key: 'p', value }] }), 400, 'INVALID_PARAMETER_VALUE', 'Duplicate parameter keys')
  }
  await post('runs/log-parameter', { run_id: run, key: 'long', value: 'x'.repeat(7000) })
  await post('runs/set-tag', { run_id: run, key: 'long', value: 'x'.repeat(9000) })
  const { data } = Value.Parse(
    Type.Object({ run: Type.Object({ data: Type.Object({ params: Type.Array(Type.Object({ value: Type.String() })), tags: Type.Array(Type.Object({ key: Type.String(), value: Type.String() })) }) }) }),
    (await get(`runs/get?run_id=${run}`)).body,
  ).run
  assert.equal(data.params[0]?.value.length, 6000)
  assert.equal(data.tags.find(({ key }) => key === 'long')?.value.length, 8000)
})

test('names that are taken, states and what is not there have the codes that clients look for', async () => {
  refused(await post('experiments/create', { name: 'Default' }), 400, 'RESOURCE_ALREADY_EXISTS')
  refused(await get('experiments/get-by-name?experiment_name=none'), 404, 'RESOURCE_DOES_NOT_EXIST')
  refused(await get('experiments/get?experiment_id=99'), 404, 'RESOURCE_DOES_NOT_EXIST')
  refused(await get('experiments/get?experiment_id=x'), 400, 'INVALID_PARAMETER_VALUE', 'Experiment ID must be a valid integer')
  refused(await get('runs/get?run_id=x'), 404, 'RESOURCE_DOES_NOT_EXIST', 'Run with id=x not found')
  refused(await post('runs/create', { experiment_id: '99' }), 404, 'RESOURCE_DOES_NOT_EXIST')
  const { experiment_id } = Value.Parse(Type.Object({ experiment_id: Type.String() }), (await post('experiments/create', { name: 'to delete' })).body)
  const run = await newRun({ experiment_id })
  assert.equal((await post('experiments/delete', { experiment_id })).status, 200)
  refused(await post('experiments/delete', { experiment_id }), 404, 'RESOURCE_DOES_NOT_EXIST')
  refused(await post('experiments/update', { experiment_id, new_name: 'x' }), 500, 'INVALID_STATE')
  refused(await post('runs/log-metric', { run_id: run, key: 'a', value: 1, timestamp: 1 }), 400, 'INVALID_PARAMETER_VALUE', "must be in the 'active' state")
  refused(await post('runs/create', { experiment_id }), 400, 'INVALID_PARAMETER_VALUE')
  await post('experiments/restore', { experiment_id })
  assert.equal((await post('runs/log-metric', { run_id: run, key: 'a', value: 1, timestamp: 1 })).status, 200)
})

test('a history comes in pages, in the order of time, step and value', async () => {
  const run = await newRun()
  const points = [[3, 0, 1], [1, 5, 2], [1, 2, 3], [2, 2, -1], [2, 2, -2]] as const
  for (const [timestamp, step, value] of points) await post('runs/log-metric', { run_id: run, key: 'a', timestamp, step, value })
  const History = Type.Object({ metrics: Type.Optional(Type.Array(Type.Object({ timestamp: Type.Number(), step: Type.Number(), value: Type.Number() }))), next_page_token: Type.Optional(Type.String()) })
  const seen: (readonly number[])[] = []
  let token: string | undefined
  do {
    const page = Value.Parse(History, (await get(`metrics/get-history?run_id=${run}&metric_key=a&max_results=2${token === undefined ? '' : `&page_token=${token}`}`)).body)
    seen.push(...(page.metrics ?? []).map(({ timestamp, step, value }) => [timestamp, step, value]))
    token = page.next_page_token
  } while (token !== undefined)
  assert.deepEqual(seen, [[1, 2, 3], [1, 5, 2], [2, 2, -2], [2, 2, -1], [3, 0, 1]])
  refused(await get(`metrics/get-history?run_id=${run}&metric_key=a&max_results=2&page_token=garbage`), 400, 'INVALID_PARAMETER_VALUE')
  const bulk = await ask(server.url, 'GET', `/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=${run}&metric_key=a&max_results=2`)
  assert.deepEqual(bulk.body, { metrics: [{ key: 'a', value: 3, timestamp: 1, step: 2, run_id: run }, { key: 'a', value: 2, timestamp: 1, step: 5, run_id: run }] })
  for (const [query, words] of [
    ['get-history-bulk?metric_key=a', 'at least one run_id'],
    ['get-history-bulk-interval?metric_key=a', "Missing value for required parameter 'run_ids'"],
    ['get-history-bulk-interval?metric_key=a&run_ids=x&max_results=0', 'between 1 and 2500'],
    ['get-history-bulk-interval?metric_key=a&run_ids=x&start_step=1', 'both must be specified'],
  ] as const) {
    refused(await ask(server.url, 'GET', `/ajax-api/2.0/mlflow/metrics/${query}`), 400, 'INVALID_PARAMETER_VALUE', words)
  }
})

test('a history of nanoseconds comes in pages too', async () => {
  const run = await newRun()
  for (const step of [1, 2]) assert.equal((await post('runs/log-metric', { run_id: run, key: 'a', value: step, timestamp: 1.7e18, step })).status, 200)
  const { next_page_token: token } = Value.Parse(Type.Object({ next_page_token: Type.String() }), (await get(`metrics/get-history?run_id=${run}&metric_key=a&max_results=1`)).body)
  assert.deepEqual((await get(`metrics/get-history?run_id=${run}&metric_key=a&max_results=1&page_token=${token}`)).body, { metrics: [{ key: 'a', value: 2, timestamp: 1.7e18, step: 2 }] })
})

test('what no column could hold, and what is nested without an end, is refused and not an error of the server', async () => {
  const run = await newRun()
  refused(await post('runs/create', { experiment_id: '0', start_time: 1e19 }), 400, 'INVALID_PARAMETER_VALUE')
  refused(await post('runs/update', { run_id: run, end_time: -1e19 }), 400, 'INVALID_PARAMETER_VALUE')
  refused(await get(`metrics/get-history?run_id=${run}&metric_key=a&max_results=9999999999999999999`), 400, 'INVALID_PARAMETER_VALUE')
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  for (const body of [`{"run_id":${deep}}`, JSON.stringify(`{"run_id":${deep}}`)]) {
    assert.equal((await ask(server.url, 'POST', `${api}/runs/update`, body, { 'Content-Type': 'application/json' })).status, 400)
  }
})

test('a file whose content is lost in the store is not there, and no error that clients ask for again for minutes', async () => {
  const path = '/api/2.0/mlflow-artifacts/artifacts/lost/notes.txt'
  assert.equal((await ask(server.url, 'PUT', path, 'x')).status, 200)
  assert.equal((await ask(server.url, 'GET', path)).text, 'x')
  await rm(join(server.folder, 'objects', 'artifacts'), { recursive: true })
  refused(await ask(server.url, 'GET', path), 404, 'RESOURCE_DOES_NOT_EXIST', 'is not in the object store')
})

test('the last page of a search is known to be the last, also when it is full', async () => {
  const { experiment_id } = Value.Parse(Type.Object({ experiment_id: Type.String() }), (await post('experiments/create', { name: 'pages' })).body)
  const ids: string[] = []
  for (let number = 0; number < 4; number += 1) ids.push(await newRun({ experiment_id, start_time: 1 }))
  const Page = Type.Object({ runs: Type.Optional(Type.Array(Created.properties.run)), next_page_token: Type.Optional(Type.String()) })
  const first = Value.Parse(Page, (await post('runs/search', { experiment_ids: [experiment_id], max_results: 2 })).body)
  const second = Value.Parse(Page, (await post('runs/search', { experiment_ids: [experiment_id], max_results: 2, page_token: first.next_page_token })).body)
  assert.deepEqual([...(first.runs ?? []), ...(second.runs ?? [])].map(({ info }) => info.run_id), ids.toSorted())
  assert.equal(second.next_page_token, undefined)
  assert.deepEqual((await post('runs/search', { experiment_ids: [] })).body, {})
})

test('runs are ordered by the metric that they are searched by, NaN behind the values in both directions', async () => {
  const { experiment_id } = Value.Parse(Type.Object({ experiment_id: Type.String() }), (await post('experiments/create', { name: 'orders' })).body)
  for (const value of [2, 'NaN', undefined, -1, 'Infinity', 2]) {
    const run_id = await newRun({ experiment_id, run_name: String(value), start_time: value === 2 ? 2 : 1 })
    if (value !== undefined) assert.equal((await post('runs/log-metric', { run_id, key: 'loss', value, timestamp: 1, step: 0 })).status, 200)
  }
  const Found = Type.Object({ runs: Type.Optional(Type.Array(Type.Object({ info: Type.Object({ run_name: Type.String() }) }))) })
  const found = async (filter: string, ...order_by: readonly string[]): Promise<readonly string[]> =>
    (Value.Parse(Found, (await post('runs/search', { experiment_ids: [experiment_id], filter, order_by })).body).runs ?? []).map(({ info }) => info.run_name)
  assert.deepEqual(await found('metrics.loss < 1e9', 'metrics.loss ASC'), ['-1', '2', '2'])
  assert.deepEqual(await found('metrics.loss > 0', 'metrics.loss DESC'), ['Infinity', '2', '2'])
  assert.deepEqual(await found('metrics.loss != 2', 'metrics.loss DESC'), ['Infinity', '-1', 'NaN'])
  assert.deepEqual(await found('metrics.loss != 2 and metrics.loss < 2', 'start_time', 'metrics.loss'), ['-1'])
  assert.deepEqual(await found('', 'metrics.loss DESC'), ['Infinity', '2', '2', '-1', 'NaN', 'undefined'])
  assert.deepEqual(await found('', 'metrics.loss ASC'), ['-1', '2', '2', 'Infinity', 'NaN', 'undefined'])
})

test('files are told as attachments, by what their name says', async () => {
  const url = '/api/2.0/mlflow-artifacts/artifacts/0/x/page.html'
  assert.deepEqual((await ask(server.url, 'PUT', url, '<script>alert(1)</script>', { 'Content-Type': 'text/plain' })).body, {})
  const { headers, text } = await ask(server.url, 'GET', url)
  assert.equal(text, '<script>alert(1)</script>')
  assert.match(headers.get('Content-Disposition') ?? '', /^attachment;/)
  assert.equal(headers.get('X-Content-Type-Options'), 'nosniff')
  assert.match(headers.get('Content-Type') ?? '', /^text\/html/)
  assert.deepEqual((await ask(server.url, 'GET', '/api/2.0/mlflow-artifacts/artifacts?path=0/x')).body, { files: [{ path: 'page.html', is_dir: false, file_size: 25 }] })
  assert.deepEqual((await ask(server.url, 'GET', '/api/2.0/mlflow-artifacts/artifacts?path=0/x/page.html')).body, {})
  refused(await ask(server.url, 'PUT', `${url}/below`, 'x'), 400, 'INVALID_PARAMETER_VALUE')
  refused(await ask(server.url, 'PUT', '/api/2.0/mlflow-artifacts/artifacts/0/x', 'x'), 400, 'INVALID_PARAMETER_VALUE')
  assert.equal((await ask(server.url, 'DELETE', '/api/2.0/mlflow-artifacts/artifacts/0')).status, 200)
  refused(await ask(server.url, 'GET', url), 404, 'RESOURCE_DOES_NOT_EXIST')
})
