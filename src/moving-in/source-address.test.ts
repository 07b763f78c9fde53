import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../errors.js'
import { sourceAt } from './source-address.js'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

test('who asks is told as MLflow\'s clients tell it: a name and a password before a token, and those of the address before both', () => {
  const token = { MLFLOW_TRACKING_TOKEN: 'secret' }
  const both = { ...token, MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 'pass:word' }
  assert.deepEqual(sourceAt('http://mlflow.example', {}).headers, {})
  assert.deepEqual(sourceAt('http://mlflow.example', token).headers, { Authorization: 'Bearer secret' })
  assert.deepEqual(sourceAt('http://mlflow.example', both).headers, { Authorization: basic('ann:pass:word') })
  assert.deepEqual(sourceAt('http://bob:p%40ss@mlflow.example', both).headers, { Authorization: basic('bob:p@ss') })
  // A name without a password says nothing.
  assert.deepEqual(sourceAt('http://mlflow.example', { ...token, MLFLOW_TRACKING_USERNAME: 'ann' }).headers, { Authorization: 'Bearer secret' })
})

test('an address is always the same, without credentials, and keeps the path that a server lies below', () => {
  for (const uri of ['https://MLflow.example/team/', 'https://ann:pass@mlflow.example/team', 'https://mlflow.example:443/team//']) {
    const { base, called } = sourceAt(uri, {})
    assert.equal(base, 'https://mlflow.example/team')
    assert.equal(called, 'The MLflow server at https://mlflow.example/team')
  }
})

test('what is no address of a server is refused, and its password not told', () => {
  for (const uri of ['', 'mlflow.example', 'localhost:5000', 'databricks', 's3://bucket', 'ftp://ann:pass-word@host', 'http://ann:pass-word@mlflow.example/?x=1', 'http://mlflow.example/#/models']) {
    assert.throws(
      () => sourceAt(uri, {}),
      (error) => error instanceof RefitError && error.code === 'import-source-invalid' && !error.message.includes('pass-word'),
      uri,
    )
  }
})

test('of a database or a folder it is told to start a server on it, without the password of either', () => {
  const password = 'pass-word'
  for (const uri of ['file:///mlruns', '/home/ann/mlruns', './mlruns', '../mlruns', '.', '~/mlruns', 'mlruns', 'package.json', 'sqlite:///mlflow.db', `postgresql://ann:${password}@host/mlflow`, `postgresql+psycopg2://ann:${password}@host/mlflow`, `mysql+pymysql://ann:${password}@host/mlflow`]) {
    assert.throws(
      () => sourceAt(uri, {}),
      (error) => error instanceof RefitError && error.code === 'import-source-stored' && error.hint.includes(`\`mlflow server --backend-store-uri ${uri.replace(`ann:${password}`, '…')} --port 5001\``) && !`${error.message}${error.hint}`.includes(password),
      uri,
    )
  }
})
