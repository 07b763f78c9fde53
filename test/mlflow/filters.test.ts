import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { needsMlflow, runMlflowScript, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

/** Names of the runs that were found, in order, or the code of the refusal. */
const Answers = Type.Record(Type.String(), Type.Union([Type.Array(Type.String()), Type.String()]))
const Recorded = Type.Object({ version: Type.String(), filters: Answers, orders: Answers, in: Answers })

/** Where we answer otherwise than MLflow's server, and why. */
const deviations: Readonly<Record<string, readonly string[] | string>> = {
  // NaN is kept as 0 there, and compares as 0.
  'metrics.loss < 0.5': ['zeta', 'beta'],
  'metrics.loss <= 0.5': ['theta', 'zeta', 'beta', 'alpha'],
  'metrics.loss < 1e3': ['theta', 'zeta', 'delta', 'beta', 'alpha'],
  // A forgotten AND is taken for one there.
  'metrics.loss < 1 metrics.loss > 0': 'INVALID_PARAMETER_VALUE',
  // A bug there.
  '["metrics.loss", "metrics.loss DESC"]': 'INVALID_PARAMETER_VALUE',
}

let server: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
})
after(() => server.stop())

test('filters and orders find what a genuine server of MLflow 3.9.0 has found', needsMlflow, async () => {
  const recorded = Value.Parse(Recorded, JSON.parse(await readFile(new URL('../../../test/fixtures/mlflow/filters.json', import.meta.url), 'utf8')))
  assert.equal(recorded.version, '3.9.0')
  assert.ok(Object.keys(recorded.filters).length >= 70 && Object.keys(recorded.orders).length >= 15)
  const { filters, orders, in: listed } = Value.Parse(Recorded, await runMlflowScript('filters.py', server.url))
  const expected = (answers: typeof recorded.filters): typeof recorded.filters => Object.fromEntries(Object.entries(answers).map(([asked, answer]) => [asked, [deviations[asked] ?? answer].flat()]))
  const found = (answers: typeof recorded.filters): typeof recorded.filters => Object.fromEntries(Object.entries(answers).map(([asked, answer]) => [asked, [answer].flat()]))
  assert.deepEqual(found(filters), expected(recorded.filters))
  assert.deepEqual(found(orders), expected(recorded.orders))
  assert.deepEqual(found(listed), expected(recorded.in))
})
