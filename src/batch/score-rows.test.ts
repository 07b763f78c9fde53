import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import type { FeatureBatch, Predictor } from '../predictors/predictor.js'
import { outputColumns } from './output-columns.js'
import { scoreRows } from './score-rows.js'

const signature: Signature = { task: 'regression', inputs: [{ name: 'x', type: 'number', optional: false }], target: 'y', classes: [] }

/** A model that doubles, answers NaN to 13, and fails at whatever holds 7; it counts what it is asked. */
function doubling(asked: number[] = []): Predictor {
  return {
    predict: ({ rows, columns }: FeatureBatch) => {
      asked.push(rows)
      const values = columns['x'] ?? []
      if (values.includes(7)) return Promise.reject(refitError('prediction-invalid', { reason: 'not 7' }))
      return Promise.resolve({ task: 'regression', values: Float64Array.from(values, (value) => (value === 13 ? Number.NaN : 2 * Number(value))) })
    },
    close: () => Promise.resolve(),
  }
}

test('of many rows those that fail are found, and all others have their prediction', async () => {
  const x: unknown[] = Array.from({ length: 2000 }, (_, row) => (row % 500 === 99 ? 7 : row))
  x[7] = 1
  x[3] = 'three'
  const { values, reasons } = await scoreRows(doubling(), signature, { rows: x.length, columns: { x } })
  const failed = reasons.flatMap((reason, row) => (reason === undefined ? [] : [row]))
  assert.deepEqual(failed, [3, 13, 99, 599, 1099, 1599])
  assert.equal(reasons[13], 'the model answers NaN, which is no number')
  assert.equal(reasons[99], 'The model gave no usable prediction: not 7')
  for (const [row, value] of x.entries()) if (reasons[row] === undefined) assert.equal(values[row], 2 * Number(value))
})

test('rows that all fail end, each with its reason; a model that fails by itself fails them all', async () => {
  const asked: number[] = []
  const { reasons } = await scoreRows(doubling(asked), signature, { rows: 64, columns: { x: Array.from({ length: 64 }, () => 7) } })
  assert.ok(reasons.every((reason) => reason?.endsWith('not 7')))
  assert.equal(asked.length, 127)
  const dying: Predictor = { ...doubling(), predict: () => Promise.reject(refitError('predictor-died', { reason: 'killed' })) }
  await assert.rejects(scoreRows(dying, signature, { rows: 1, columns: { x: [1] } }), { code: 'predictor-died' })
})

test('every class has a column of its own, also where names differ in upper and lower case only', () => {
  const names = outputColumns({ task: 'classification', classes: ['up', 'Up', 'down'] }).map(({ name }) => name)
  assert.deepEqual(names, ['refit_prediction', 'refit_probability_up', 'refit_probability_Up_2', 'refit_probability_down', 'refit_error'])
})
