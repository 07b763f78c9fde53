import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { refit } from '../cli/refit-process.js'
import { until } from '../support/running-project.js'
import { deliverWeeks, houses, MODEL, startExample } from './house-price-example.js'
import { needsMlflow, runMlflowScript } from './running-mlflow.js'

const Told = Type.Object({
  params: Type.Record(Type.String(), Type.String()),
  rounds: Type.Array(Type.Number()),
  flavors: Type.Array(Type.String()),
  predicted: Type.Array(Type.Number()),
})
const Answered = Type.Object({ predictions: Type.Array(Type.Number()) })
/** Both add up numbers of 32 bits, perhaps in another order. */
const TOLERANCE = 1e-5

/** Of the first house. */
async function rowsAskedByReadme(): Promise<readonly object[]> {
  const page = await readFile(new URL('../../../examples/house-prices-xgboost/README.md', import.meta.url), 'utf8')
  return Value.Parse(Type.Object({ rows: Type.Array(Type.Object({})) }), JSON.parse(/-d '(.+)'/.exec(page)?.[1] ?? '')).rows
}

test('examples/house-prices-xgboost: a model of XGBoost is left as ONNX, goes through the whole lifecycle, and answers the same wherever it is asked', needsMlflow, async (t) => {
  const project = await startExample(t, 'house-prices-xgboost')
  for (const { id, logged } of await deliverWeeks(project)) {
    const [training] = logged
    assert.ok(training !== undefined && training.models === 0 && training.status === 'FINISHED')
    assert.ok(training.metrics.some(({ key, value }) => key === 'validation_mape' && Number(value) < 0.25), JSON.stringify(training.metrics))
    const { out } = await refit(['logs', id], { folder: project.folder })
    assert.match(out, /\d+ trees; as ONNX they answer the validation set to within \d\.\de[+-]\d\d of what XGBoost does/)
  }

  const live = await until('the second version', async () => {
    const answer = await project.predict(MODEL, houses)
    return answer?.status === 200 && JSON.stringify(answer.body).includes('"version":2') ? Value.Parse(Answered, answer.body).predictions : undefined
  })
  assert.ok((live[0] ?? 0) > 2 * (live[1] ?? 0), String(live))
  const asked = await project.predict(MODEL, await rowsAskedByReadme())
  assert.deepEqual(Value.Parse(Answered, asked?.body).predictions, live.slice(0, 1))
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  const told = Value.Parse(Told, await runMlflowScript('house_prices_onnx.py', url, { MODEL, ROWS: JSON.stringify(houses) }))
  assert.equal(told.params['max_depth'], '5')
  assert.ok(told.rounds.length > 20 && (told.rounds.at(-1) ?? 1) < (told.rounds[0] ?? 0) / 2, JSON.stringify(told.rounds.slice(0, 5)))
  assert.ok(told.flavors.includes('onnx'), told.flavors.join(', '))
  assert.equal(told.predicted.length, houses.length)
  for (const [row, value] of told.predicted.entries()) assert.ok(Math.abs(value - (live[row] ?? 0)) <= TOLERANCE * value, `${value} and ${live[row]}`)
})
