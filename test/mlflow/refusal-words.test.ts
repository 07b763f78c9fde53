import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { ask, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

/** Words and codes that MLflow's own tests of its registry look for, and clients of theirs may. */
const api = '/api/2.0/mlflow'
const Refusal = Type.Object({ error_code: Type.String(), message: Type.String() })
let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
  await made('registered-models/create', { name: 'lines' })
  for (const source of ['s3://bucket/a', 's3://bucket/b']) await made('model-versions/create', { name: 'lines', source })
})
after(() => server.stop())

async function made(path: string, body: object): Promise<void> {
  const { status, text } = await ask(server.url, 'POST', `${api}/${path}`, body)
  assert.equal(status, 200, text)
}

async function refusedWith(code: string, words: string, method: string, path: string, body?: object): Promise<void> {
  const { status, body: said, text } = await ask(server.url, method, `${api}/${path}`, body)
  assert.ok(status >= 400 && status < 500, text)
  const { error_code, message } = Value.Parse(Refusal, said)
  assert.equal(error_code, code, text)
  assert.ok(message.includes(words), `${path}: ${text}`)
}

const search = (of: string, query: Readonly<Record<string, string>>): string => `${of}/search?${new URLSearchParams(query).toString()}`

test('a model without a name lacks a parameter', async () => {
  for (const body of [{}, { name: '' }]) await refusedWith('INVALID_PARAMETER_VALUE', "Missing value for required parameter 'name'", 'POST', 'registered-models/create', body)
})

test('a filter that is cut off, or compares with a constant of SQL, is an invalid clause', async () => {
  for (const filter of ['run_id IN', 'run_id IN (', "run_id IN ('a'", "run_id IN ('a',", 'name LIKE', 'name =', 'name = true']) {
    await refusedWith('INVALID_PARAMETER_VALUE', 'Invalid clause(s) in filter string', 'GET', search('model-versions', { filter }))
  }
  await refusedWith('INVALID_PARAMETER_VALUE', 'Invalid clause(s) in filter string', 'GET', search('registered-models', { filter: 'anything = true' }))
  await refusedWith('INVALID_PARAMETER_VALUE', 'either not quoted or unidentified quote types used for string value something', 'GET', search('registered-models', { filter: 'name != something' }))
})

test('a list says what is wrong with it', async () => {
  const said = 'While parsing a list in the query, expected '
  for (const [filter, words] of [
    ['run_id IN (1,2,3)', 'string value, punctuation, or whitespace, but got different type in list'],
    ['run_id IN ()', 'a non-empty list of string values, but got empty list'],
    ['run_id IN (,)', 'a non-empty list of string values, but got ill-formed list'],
    ["run_id IN ('a',,'b')", 'a non-empty list of string values, but got ill-formed list'],
    ["run_id IN ('a' 'b')", 'a non-empty list of string values, but got ill-formed list'],
  ] as const) {
    await refusedWith('INVALID_PARAMETER_VALUE', said + words, 'GET', search('model-versions', { filter }))
  }
})

test('a page token that is none says so', async () => {
  for (const of of ['registered-models', 'model-versions']) await refusedWith('INVALID_PARAMETER_VALUE', 'Invalid page token, could not base64-decode', 'GET', search(of, { page_token: 'garbage' }))
})

test('a version that is no number is a parameter that must be one', async () => {
  await refusedWith('INVALID_PARAMETER_VALUE', "Parameter 'version' must be an integer, got 'first'", 'POST', 'model-versions/set-tag', { name: 'lines', version: 'first', key: 'k', value: 'v' })
})

test('a tag that is too long names its limit', async () => {
  const long = { name: 'lines', version: '1', key: 'k', value: 'a'.repeat(100_001) }
  for (const of of ['registered-models', 'model-versions']) await refusedWith('INVALID_PARAMETER_VALUE', "'value' exceeds the maximum length of 100000 characters", 'POST', `${of}/set-tag`, long)
})

test('an alias of a model that is gone is not found, and "latest" means the highest version', async () => {
  await refusedWith('INVALID_PARAMETER_VALUE', 'Registered model alias best not found.', 'GET', 'registered-models/alias?name=never&alias=best')
  await refusedWith('RESOURCE_DOES_NOT_EXIST', 'Registered Model with name=never not found', 'GET', 'registered-models/alias?name=never&alias=latest')
  await made('registered-models/create', { name: 'empty' })
  await refusedWith('RESOURCE_DOES_NOT_EXIST', 'Latest version not found for model empty', 'GET', 'registered-models/alias?name=empty&alias=latest')
  const { status, text } = await ask(server.url, 'GET', `${api}/registered-models/alias?name=lines&alias=Latest`)
  assert.equal(status, 200, text)
  assert.match(text, /"version":"2"/)
})
