import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerSettings } from './container-settings.js'

test('without a word it is a container of SageMaker, on its port, with the model in its folder', () => {
  assert.deepEqual(containerSettings({}, {}), { folder: '/opt/ml/model', bind: '0.0.0.0', port: 8080, platform: { kind: 'sagemaker' } })
})

test('what the platform says holds, and what is empty says nothing', () => {
  const said = { SAGEMAKER_BASE_DIR: '/tmp/ml', SAGEMAKER_BIND_TO_PORT: '9090', SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: 'text/csv', AIP_HTTP_PORT: '' }
  assert.deepEqual(containerSettings(said, {}), { folder: '/tmp/ml/model', bind: '0.0.0.0', port: 9090, platform: { kind: 'sagemaker', accept: 'text/csv' } })
})

test('one variable of Vertex AI makes it one of its containers', () => {
  const said = { AIP_HTTP_PORT: '9091', AIP_STORAGE_URI: 'file:///srv/model', AIP_HEALTH_ROUTE: '/health', AIP_PREDICT_ROUTE: '/v1/a:predict', SAGEMAKER_BIND_TO_PORT: '1' }
  assert.deepEqual(containerSettings(said, {}), { folder: '/srv/model', bind: '0.0.0.0', port: 9091, platform: { kind: 'vertex', health: '/health', predict: '/v1/a:predict' } })
  assert.deepEqual(containerSettings({ AIP_PREDICT_ROUTE: '/predict' }, {}), { folder: '/opt/ml/model', bind: '0.0.0.0', port: 8080, platform: { kind: 'vertex', predict: '/predict' } })
})

test('flags stand above what the platform says', () => {
  const flags = { platform: 'vertex', model: '/srv/other', bind: '127.0.0.1', port: 0 } as const
  assert.deepEqual(containerSettings({ SAGEMAKER_BIND_TO_PORT: '9090' }, flags), { folder: '/srv/other', bind: '127.0.0.1', port: 0, platform: { kind: 'vertex' } })
})

test('what cannot be used is refused by its name', () => {
  for (const [name, value] of [['SAGEMAKER_BIND_TO_PORT', '-1'], ['SAGEMAKER_BIND_TO_PORT', '1e3'], ['AIP_HTTP_PORT', '65536'], ['AIP_HEALTH_ROUTE', 'health'], ['AIP_HEALTH_ROUTE', '/a b'], ['AIP_PREDICT_ROUTE', '/*'], ['AIP_STORAGE_URI', 's3://bucket'], ['AIP_STORAGE_URI', 'model']] as const) {
    assert.throws(() => containerSettings({ [name]: value }, {}), { code: 'variable-invalid', message: new RegExp(name) }, value)
  }
})
