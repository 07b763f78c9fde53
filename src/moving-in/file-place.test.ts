import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filePlace, pathWithin } from './file-place.js'

const server = { base: 'https://mlflow.example:5000/team' }

test('files are taken from where their server hands them out itself, by whatever address it says so', () => {
  for (const uri of ['mlflow-artifacts:/1/a/artifacts', 'mlflow-artifacts:///1/a/artifacts', 'mlflow-artifacts://mlflow.example:5000/1/a/artifacts', 'https://mlflow.example:5000/team/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts']) {
    assert.deepEqual(filePlace(server, uri), { kind: 'served', path: '1/a/artifacts' }, uri)
  }
})

test('the address of another store is kept, and none that lies at another host, or leads out of its place', () => {
  for (const uri of ['s3://bucket/x', 'gs://bucket/x', 'abfss://files@account.dfs.core.windows.net/x', 'dbfs:/x', 'hdfs://host/x']) {
    const place = filePlace(server, uri)
    assert.equal(place.kind === 'elsewhere' ? place.uri : undefined, uri)
  }
  for (const uri of ['', 'http://169.254.169.254/x', 'https://mlflow.example:5000/team/other', 'mlflow-artifacts:/', 'mlflow-artifacts:/../x', 'mlflow-artifacts:/a/%2e%2e/x', 'mlflow-artifacts://other.example/1/a']) {
    const place = filePlace(server, uri)
    assert.ok(place.kind === 'elsewhere' && place.uri === undefined && place.reason !== '', uri)
  }
})

test('what lies on a disk is known as that, however its path is written', () => {
  for (const [uri, path] of [['/mlruns/1', '/mlruns/1'], ['mlruns/1/', 'mlruns/1'], ['file:///x', '/x'], ['FILE:/x/', '/x'], ['c:/x', 'c:/x'], ['C:\\x', 'C:\\x']] as const) {
    const place = filePlace(server, uri)
    assert.deepEqual(place.kind === 'disk' ? [place.path, place.reason.includes(uri)] : place, [path, true], uri)
  }
})

test('a place lies within another one of its kind only at whole names', () => {
  const [outer, inner, other] = ['mlflow-artifacts:/1/a/artifacts', 'mlflow-artifacts:/1/a/artifacts/model/x', 'mlflow-artifacts:/1/a/artifacts-of-others'].map((uri) => filePlace(server, uri))
  const onDisk = filePlace(server, 'file:///1/a/artifacts')
  assert.ok(outer !== undefined && inner !== undefined && other !== undefined)
  assert.equal(pathWithin(outer, inner), 'model/x')
  assert.equal(pathWithin(outer, outer), '')
  assert.equal(pathWithin(outer, other), undefined)
  assert.equal(pathWithin(onDisk, filePlace(server, '/1/a/artifacts/model')), 'model')
  assert.equal(pathWithin(onDisk, inner), undefined)
})
