import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { harmlessPaths, hostileAddresses, hostilePaths } from './hostile-paths.js'
import { ask, askAsWritten, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

const files = '/api/2.0/mlflow-artifacts/artifacts'

let server: RunningMlflow
let run: string
before(async () => {
  server = await startRefitMlflow()
  const { body } = await ask(server.url, 'POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })
  run = Value.Parse(Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) }), body).run.info.run_id
})
after(() => server.stop())

test('hostile addresses of files are refused by every method, and nothing is stored', async () => {
  assert.ok(hostileAddresses.length >= 200, String(hostileAddresses.length))
  const wrong: string[] = []
  for (const address of hostileAddresses) {
    for (const [method, body] of [['PUT', 'x'], ['GET', undefined], ['DELETE', undefined]] as const) {
      const { status, text } = await askAsWritten(server.url, method, `${files}/${address}`, {}, body)
      if (status !== 400 || !text.includes('"INVALID_PARAMETER_VALUE"') || !text.includes('Invalid path')) wrong.push(`${method} ${address}: ${status} ${text.slice(0, 80)}`)
    }
  }
  assert.deepEqual(wrong, [])
  assert.deepEqual((await ask(server.url, 'GET', files)).body, {})
})

test('the same paths are refused where they come in a query', async () => {
  const wrong: string[] = []
  for (const path of hostilePaths) {
    const query = encodeURIComponent(path)
    for (const [method, address] of [
      ['GET', `${files}?path=${query}`],
      ['GET', `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=${query}`],
      ['GET', `/get-artifact?run_id=${run}&path=${query}`],
      ['POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=${query}`],
      ['GET', `/model-versions/get-artifact?name=m&version=1&path=${query}`],
      ['GET', `/api/2.0/mlflow/logged-models/m-1/artifacts/directories?artifact_directory_path=${query}`],
      ['GET', `/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files?artifact_file_path=${query}`],
    ] as const) {
      const { status, text } = await askAsWritten(server.url, method, address)
      if (status !== 400 || !text.includes('Invalid path')) wrong.push(`${method} ${address}: ${status} ${text.slice(0, 80)}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('odd names that lead nowhere else are kept and given back', async () => {
  for (const [index, path] of harmlessPaths.entries()) {
    const address = `${files}/harmless/${index}/${path.split('/').map(encodeURIComponent).join('/')}`
    assert.equal((await askAsWritten(server.url, 'PUT', address, {}, path)).status, 200, path)
    assert.deepEqual(await askAsWritten(server.url, 'GET', address), { status: 200, text: path })
  }
})

test('sources of versions that are paths of a disk, or lead elsewhere, are refused', async () => {
  await ask(server.url, 'POST', '/api/2.0/mlflow/registered-models/create', { name: 'guarded' })
  for (const source of [
    '/etc/passwd', 'file:///etc', 'file:/etc', 'FILE:///etc', 'C:\\x', 'c:/x', '../x', 'x', './x', 's3://bucket/../x', 's3://bucket/a/%2e%2e/b', 's3://bucket/a/%252e%252e/b', 'mlflow-artifacts:/../x', 'http://host/../x', 's3://bucket/a\0b',
    's3://bucket/a%00b', 'dbfs:/x/a%3f/../../y', 'models:/../x', 'dbfs:/a/./b', 's3://bucket/a\\..\\b', '%2fetc', 'file%3A///etc',
  ]) {
    const { status, body } = await ask(server.url, 'POST', '/api/2.0/mlflow/model-versions/create', { name: 'guarded', source })
    assert.equal(status, 400, `${source}: ${JSON.stringify(body)}`)
  }
  const { status } = await ask(server.url, 'POST', '/api/2.0/mlflow/model-versions/create', { name: 'guarded', source: 's3://bucket/a/b' })
  assert.equal(status, 200)
})

test('an upload that breaks off leaves nothing', async () => {
  const { hostname, port } = new URL(server.url)
  const { connect } = await import('node:net')
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`PUT ${files}/broken.bin HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(5000)}`, () => socket.destroy())
    })
    socket.once('close', () => resolve())
  })
  assert.equal((await ask(server.url, 'GET', `${files}/broken.bin`)).status, 404)
})
