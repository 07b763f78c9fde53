import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { season } from '../../examples/web-shop/season.js'
import { createProject, until } from '../support/running-project.js'

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url))
const python = process.env['REFIT_TEST_PYTHON']
const MODEL = 'delivery-time'
const order = { carrier: 'northpost', distance_km: 120, weight_kg: 2.5, express: false, weekday: 2 }

/** What their programs say of the platform that they were written for. */
const said = {
  'sagemaker-script': /training on algo-1 of \['algo-1'\], \d+ processors, 0 GPUs\nhyper-parameters: \{"n-estimators":80,.*"target":"hours"\}\nmean absolute error: \d/,
  'vertex-ai-script': /r2 on the validation data: 0\.\d/,
} as const

for (const [example, words] of Object.entries(said)) {
  test(`examples/${example} runs unchanged: its model is checked, versioned and served`, python === undefined ? { skip: 'REFIT_TEST_PYTHON names no interpreter' } : {}, async (t) => {
    const script = await readFile(join(examples, example, 'train.py'), 'utf8')
    assert.doesNotMatch(script, /REFIT_/)
    const project = await createProject({ 'refit.config.ts': await readFile(join(examples, example, 'refit.config.ts'), 'utf8'), 'train.py': script })
    t.after(() => project.close())
    await project.up({ environment: { PYTHON: python ?? '', REFIT_PYTHON: '' } })
    const [week] = season(MODEL, 1, 400, 7)
    await project.put('drops/deliveries/week-01.csv', week?.content.toString() ?? '')
    const run = await project.ended(`${MODEL}-1`)
    const log = await readFile(join(project.stateFolder, 'logs', `${MODEL}-1`, 'train-1.log'), 'utf8')
    assert.equal(run.outcome, 'promoted', `${run.explanation} ${log}`)
    assert.match(log, words)
    assert.equal((await project.api().version(MODEL, 1)).format, 'python')
    const [slow = 0, express = 0] = await until('serving', async () => {
      const answer = await project.predict(MODEL, [order, { ...order, express: true }])
      return answer?.status === 200 ? predictionsOf(answer.body) : undefined
    })
    assert.ok(express > 0 && express < slow, `${slow} and by express ${express} hours`)
  })
}

function predictionsOf(body: unknown): readonly number[] {
  const predictions = typeof body === 'object' && body !== null && 'predictions' in body ? body.predictions : undefined
  return Array.isArray(predictions) ? predictions.map(Number) : []
}
