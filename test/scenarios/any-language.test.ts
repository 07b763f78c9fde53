import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { season } from '../../examples/web-shop/season.js'
import { createProject } from '../support/running-project.js'

const example = fileURLToPath(new URL('../../../examples/any-language/', import.meta.url))
const files = ['refit.config.ts', 'models/deliveries.ts', 'models/in-python.ts', 'models/in-typescript.ts', 'train.py', 'typescript/train.ts', 'typescript/predictor.ts']

/** An interpreter that has what examples/any-language/requirements.txt lists; CI makes one. */
const python = process.env['REFIT_TEST_PYTHON']
const order = { carrier: 'northpost', distance_km: 120, weight_kg: 2.5, express: false, weekday: 2 }

test('a Python program and a TypeScript module go through the whole lifecycle and answer', python === undefined ? { skip: 'REFIT_TEST_PYTHON names no interpreter' } : {}, async (t) => {
  const project = await createProject(Object.fromEntries(files.map((path) => [path, readFileSync(`${example}${path}`, 'utf8')])))
  t.after(() => project.close())
  const [first, second] = season('delivery-time', 2, 400, 7)
  await project.up({ environment: { PYTHON: python ?? '' } })

  await project.put('drops/deliveries/week-01.csv', first?.content.toString() ?? '')
  for (const [model, format] of [['in-python', 'onnx'], ['in-typescript', 'module']] as const) {
    const run = await project.ended(`${model}-1`)
    assert.equal(run.outcome, 'promoted', run.explanation)
    assert.equal((await project.api().version(model, 1)).format, format)
  }
  await project.put('drops/deliveries/week-02.csv', second?.content.toString() ?? '')
  for (const model of ['in-python', 'in-typescript']) {
    const run = await project.ended(`${model}-2`)
    assert.ok(run.verdict?.champion !== undefined, 'it was compared with the champion')
    const answer = await project.predict(model, [order, { ...order, express: true }])
    assert.equal(answer?.status, 200)
    const [slow, express] = predictionsOf(answer.body)
    assert.ok(slow !== undefined && express !== undefined && express < slow, `${slow} and by express ${express} hours`)
  }
})

function predictionsOf(body: unknown): readonly number[] {
  const predictions = typeof body === 'object' && body !== null && 'predictions' in body ? body.predictions : undefined
  return Array.isArray(predictions) ? predictions.map(Number) : []
}
