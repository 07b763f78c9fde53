import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { refit } from '../cli/refit-process.js'
import { until } from '../support/running-project.js'
import { deliverWeeks, houses, MODEL, startExample } from './house-price-example.js'
import { needsMlflow, runMlflowScript } from './running-mlflow.js'

const Numbers = Type.Record(Type.String(), Type.Number())
const Told = Type.Object({
  versions: Type.Array(Type.Object({ run: Type.String(), params: Type.Record(Type.String(), Type.String()), metrics: Numbers, dataset: Type.String() })),
  newest: Type.String(),
  champion: Type.Integer(),
  predicted: Type.Array(Type.Number()),
})
const Answered = Type.Object({ predictions: Type.Array(Type.Number()) })

test('examples/house-prices-python: what autolog says of each training is on its run, and the model that it logs goes through the whole lifecycle', needsMlflow, async (t) => {
  const project = await startExample(t, 'house-prices-python')
  for (const { logged } of await deliverWeeks(project)) {
    const [training] = logged
    assert.ok(training !== undefined && training.models === 1 && training.status === 'FINISHED')
    assert.ok(training.metrics.some(({ key, value }) => key === 'validation_mape' && Number(value) < 0.25), JSON.stringify(training.metrics))
  }
  const shown = await refit(['show', MODEL], { folder: project.folder })
  assert.match(shown.out, /MLflow +run [\da-f]{32} of experiment \d+: finished, 1 model/)
  assert.match(shown.out, /training_mean_absolute_error \d/)

  const live = await until('the second version', async () => {
    const answer = await project.predict(MODEL, houses)
    return answer?.status === 200 && JSON.stringify(answer.body).includes('"version":2') ? Value.Parse(Answered, answer.body).predictions : undefined
  })
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  const told = Value.Parse(Told, await runMlflowScript('house_prices.py', url, { MODEL, ROWS: JSON.stringify(houses) }))
  assert.deepEqual(told.versions.map(({ run }) => run), [`${MODEL}-1`, `${MODEL}-2`])
  assert.deepEqual([told.newest, told.champion], [`${MODEL}-2`, 2])
  for (const { params, metrics } of told.versions) {
    assert.equal(params['histgradientboostingregressor__max_depth'], '6')
    assert.ok((metrics['training_r2_score'] ?? 0) > 0.5 && (metrics['validation_mape'] ?? 1) < 0.25, JSON.stringify(metrics))
  }
  assert.equal(told.predicted.length, houses.length)
  for (const [row, value] of told.predicted.entries()) assert.ok(Math.abs(value - (live[row] ?? 0)) <= 1e-9 * value, `${value} and ${live[row]}`)
  assert.ok((live[0] ?? 0) > 2 * (live[1] ?? 0), String(live))
})
