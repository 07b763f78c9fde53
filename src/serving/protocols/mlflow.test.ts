import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signature } from '../../packages/manifest.js'
import { mlflow } from './mlflow.js'

function rowsOf(names: readonly string[], columns: readonly unknown[], data: readonly unknown[]): readonly unknown[] {
  const signature: Signature = { task: 'regression', inputs: names.map((name) => ({ name, type: 'number', optional: false })), target: 'y', classes: [] }
  return mlflow.read({ contentType: 'application/json', accept: '', body: JSON.stringify({ dataframe_split: { columns, data } }) }).rows(signature)
}

test('numbers as names of columns are their places, unless the model has inputs of these names', () => {
  assert.deepEqual(rowsOf(['x1', 'x2'], [0, 1], [[1, 2]]), [{ x1: 1, x2: 2 }])
  assert.deepEqual(rowsOf(['1', '0'], ['0', '1'], [[1, 2]]), [{ 0: 1, 1: 2 }])
  assert.deepEqual(rowsOf(['1', '2'], ['0', '1', '2'], [[1, 2, 3]]), [{ 1: 2, 2: 3 }])
})

test('a table without names that is too narrow or too wide for a model without names does not fit, as there', () => {
  assert.deepEqual(rowsOf(['0', '1'], [0, 1], [[1, 2]]), [{ 0: 1, 1: 2 }])
  for (const data of [[[1]], [[1, 2, 3]]]) assert.throws(() => rowsOf(['0', '1'], [...(data[0] ?? []).keys()], data), { code: 'input-invalid' })
})
