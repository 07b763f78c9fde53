import assert from 'node:assert/strict'
import { chmod, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { asked, projectOfAllKinds } from './lifecycle-models.js'
import { ask, needsMlflow, runMlflowScript } from './running-mlflow.js'

const onnx = fileURLToPath(new URL('../../../test/fixtures/models/columns-regression.onnx', import.meta.url))
const python = process.env['REFIT_TEST_PYTHON'] ?? ''
const names = ['trees', 'tree-kinds', 'onnx', 'joblib', 'saved'] as const
/** WebAssembly and native code may add up the same numbers of 32 bits in another order. */
const TOLERANCE = 1e-5

const Plain = Type.Union([Type.Number(), Type.String()])
const Told = Type.Record(Type.String(), Type.Array(Type.Union([Plain, Type.Record(Type.String(), Type.Number())])))
const Live = Type.Object({ predictions: Type.Array(Type.Union([Plain, Type.Object({ label: Type.String(), probabilities: Type.Record(Type.String(), Type.Number()) })])) })

async function running(): Promise<RunningProject> {
  const project = await createProject(projectOfAllKinds(python))
  await chmod(join(project.folder, 'bin/python'), 0o755)
  await copyFile(onnx, join(project.folder, 'columns-regression.onnx'))
  await project.up({ environment: { REFIT_PYTHON: '' } })
  return project
}

test('versions of the lifecycle are found, loaded and asked by MLflow\'s own client, and answer as the endpoint does', needsMlflow, async (t) => {
  const project = await running()
  t.after(() => project.close())
  for (const name of [...names, 'prepared', 'line']) {
    const run = await project.ended(`${name}-1`)
    assert.equal(run.outcome, 'promoted', `${name}: ${run.explanation} ${JSON.stringify(run.error)}`)
  }
  const inputs = Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await project.api().version(name, 1)).signature.inputs] as const)))
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  const serving = (await readProcessNote(project.stateFolder, 'serving'))?.url ?? ''

  const told = Value.Parse(Told, await runMlflowScript('lifecycle.py', url, { ASKED: JSON.stringify(asked), INPUTS: JSON.stringify(inputs) }))
  for (const name of names) {
    const answered = await until(`serving of ${name}`, async () => {
      const answer = await ask(serving, 'POST', `/models/${name}/invocations`, { dataframe_records: asked, params: { probabilities: true } }).catch(() => undefined)
      return answer?.status === 503 ? undefined : answer
    })
    const live = Value.Parse(Live, answered?.body).predictions
    for (const [row, prediction] of live.entries()) {
      if (typeof prediction !== 'object') assertNear(told[name]?.[row], prediction, `${name}, row ${row}`)
      else {
        assert.equal(told[name]?.[row], prediction.label, `${name}, row ${row}`)
        const probabilities = told[`${name} probabilities`]?.[row]
        assert.ok(typeof probabilities === 'object')
        for (const [label, probability] of Object.entries(prediction.probabilities)) assert.ok(Math.abs((probabilities[label] ?? Number.NaN) - probability) < TOLERANCE, `${name}, row ${row}, ${label}`)
      }
    }
    assert.equal(live.length, asked.length)
    assert.ok(new Set(told[name]).size > 1, `${name} tells rows apart`)
  }

  const files = '/api/2.0/mlflow-artifacts/artifacts'
  for (const [method, path] of [['PUT', 'refit-models/trees/1/MLmodel'], ['PUT', 'refit-models/new'], ['DELETE', 'refit-models/trees/1'], ['DELETE', 'refit-models']] as const) {
    assert.match((await ask(url, method, `${files}/${path}`, method === 'PUT' ? 'x' : undefined)).text, /INVALID_PARAMETER_VALUE.*never change/, `${method} ${path}`)
  }
  for (const path of ['refit-models/trees/2/MLmodel', 'refit-models/trees/1/nothing', 'refit-models/nobody/1/MLmodel', 'refit-models/trees/01/MLmodel', 'refit-models/trees']) {
    const answer = await ask(url, 'GET', `${files}/${path}`)
    assert.deepEqual([answer.status, answer.text.includes('RESOURCE_DOES_NOT_EXIST')], [404, true], `${path}: ${answer.text}`)
  }
  assert.deepEqual((await ask(url, 'GET', `${files}?path=refit-models/trees/1/MLmodel`)).body, {})
})

function assertNear(found: unknown, expected: number | string, what: string): void {
  if (typeof found !== 'number' || typeof expected !== 'number') assert.equal(found, expected, what)
  else assert.ok(Math.abs(found - expected) <= TOLERANCE * Math.abs(expected), `${what}: ${found} instead of ${expected}`)
}
