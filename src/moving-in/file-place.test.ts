import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkArtifactPath } from '../tracking/artifact-path.js'
import { filePlace, pathWithin } from './file-place.js'

const server = { base: 'https://mlflow.example:5000/team' }

test('files are taken from where their server hands them out itself, by whatever address it says so', () => {
  for (const uri of ['mlflow-artifacts:/1/a/artifacts', 'mlflow-artifacts:///1/a/artifacts', 'mlflow-artifacts://mlflow.example:5000/1/a/artifacts', 'https://mlflow.example:5000/team/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts']) {
    assert.deepEqual(filePlace(server, uri), { kind: 'served', path: '1/a/artifacts' }, uri)
  }
})

test('the address of another store is kept, and none that lies on a disk, at another host, or leads out of its place', () => {
  for (const uri of ['s3://bucket/x', 'gs://bucket/x', 'abfss://files@account.dfs.core.windows.net/x', 'dbfs:/x', 'hdfs://host/x']) {
    const place = filePlace(server, uri)
    assert.equal(place.kind === 'elsewhere' ? place.uri : undefined, uri)
  }
  for (const uri of ['', '/mlruns/1', 'mlruns/1', './x', 'file:///x', 'FILE:///x', 'c:/x', 'C:\\x', 'http://169.254.169.254/x', 'https://mlflow.example:5000/team/other', 'mlflow-artifacts:/', 'mlflow-artifacts:/../x', 'mlflow-artifacts:/a/%2e%2e/x', 'mlflow-artifacts://other.example/1/a']) {
    const place = filePlace(server, uri)
    assert.ok(place.kind === 'elsewhere' && place.uri === undefined && place.reason !== '', uri)
  }
})

test('a path lies within another one only at whole names', () => {
  const outer = checkArtifactPath('1/a/artifacts')
  assert.equal(pathWithin(outer, checkArtifactPath('1/a/artifacts/model/x')), 'model/x')
  assert.equal(pathWithin(outer, outer), '')
  assert.equal(pathWithin(outer, checkArtifactPath('1/a/artifacts-of-others')), undefined)
})
