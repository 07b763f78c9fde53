import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { needsMlflow, runMlflowScript, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

test('a training script tracks experiments, runs, metrics, parameters and tags', needsMlflow, async () => {
  const told = Value.Parse(Type.Object({ run: Type.String(), children: Type.Integer() }), await runMlflowScript('tracking.py', server.url))
  assert.match(told.run, /^[0-9a-f]{32}$/)
  assert.equal(told.children, 7)
})

test('a script with autolog and scikit-learn finds its parameters, metrics, datasets and its model again', needsMlflow, async () => {
  const told = Value.Parse(Type.Object({ params: Type.Integer(), metrics: Type.Integer(), model: Type.String() }), await runMlflowScript('autolog.py', server.url))
  assert.ok(told.params > 10 && told.metrics > 3)
  assert.match(told.model, /^m-[0-9a-f]{32}$/)
})

test('artifacts of any size and name are sent, listed, fetched and removed', needsMlflow, async () => {
  assert.deepEqual(await runMlflowScript('artifacts.py', server.url), { bytes: 30_000_000 })
})

test('a model is registered, named by aliases, moved through stages, found, and loaded to predict', needsMlflow, async () => {
  assert.deepEqual(await runMlflowScript('registry.py', server.url), { versions: 4 })
})
