import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { SignatureColumn } from '../../src/packages/manifest.js'
import { predictors } from '../../src/roles/adapters.js'
import { testPredictor } from './predictor.js'

/** An interpreter with scikit-learn, pandas and joblib; CI makes one. */
const interpreter = process.env['REFIT_TEST_PYTHON']
if (interpreter === undefined) test('python: the contract of predictors', { skip: 'REFIT_TEST_PYTHON names no interpreter' }, () => undefined)
else await testPythonModels(interpreter)

async function testPythonModels(python: string): Promise<void> {
  process.env['REFIT_PYTHON'] = python
  const adapter = predictors.find(({ format }) => format === 'python')
  assert.ok(adapter !== undefined)
  const made = await mkdtemp(join(tmpdir(), 'refit-python-models-'))
  after(() => rm(made, { recursive: true, force: true }))

  const column = (name: string, type: SignatureColumn['type'], optional: boolean): SignatureColumn => ({ name, type, optional })
  const houses = [
    { district: '01', area: 50, garden: false, floors: 1 },
    { district: 'süd', area: 120.5, garden: true, floors: 2 },
    { district: 'north, east', area: null, garden: true, floors: 3 },
    { district: null, area: 280, garden: null, floors: 2 },
  ]
  await writeFile(join(made, 'asked.json'), JSON.stringify(houses))
  const script = fileURLToPath(new URL('../../../test/contracts/python_models.py', import.meta.url))
  execFileSync(python, [script, made, join(made, 'asked.json')], { stdio: ['ignore', 'inherit', 'inherit'] })
  const Answers = Type.Object({ regression: Type.Array(Type.Number()), classification: Type.Array(Type.String()), classes: Type.Array(Type.String()) })
  const answers = Value.Parse(Answers, JSON.parse(await readFile(join(made, 'answers.json'), 'utf8')))

  /** Left as a script for SageMaker or Vertex AI leaves it, which declares nothing. */
  const arranged = async (from: string, folder: string): Promise<void> => {
    await cp(from, folder, { recursive: true })
    await adapter.arrange?.(folder, await readdir(folder))
  }
  testPredictor({
    what: 'a pipeline of scikit-learn by joblib',
    adapter,
    signature: { task: 'regression', inputs: [column('district', 'category', true), column('area', 'number', true), column('garden', 'boolean', true), column('floors', 'number', false)], target: 'price', classes: [] },
    leave: (folder) => arranged(join(made, 'regression'), folder),
    files: ['model.joblib', 'refit-model.json'],
    rows: houses,
    expected: answers.regression,
    tolerance: 0,
  })
  testPredictor({
    what: 'classes of a pickle that knows no names',
    adapter,
    signature: { task: 'classification', inputs: [column('area', 'number', false), column('floors', 'number', false)], target: 'size', classes: [] },
    leave: async (folder) => {
      await cp(join(made, 'classification'), folder, { recursive: true })
      await writeFile(join(folder, 'refit-model.json'), '{ "loader": "pickle", "path": "forest.pkl" }')
    },
    files: ['forest.pkl'],
    rows: houses.map(({ area, floors }) => ({ area: area ?? 0, floors })),
    expected: answers.classification,
    tolerance: 0,
  })
  testPredictor({
    what: 'a folder that MLflow has saved',
    adapter,
    signature: { task: 'regression', inputs: [column('distance_km', 'number', false)], target: 'hours', classes: [] },
    leave: (folder) => arranged(fileURLToPath(new URL('../../../test/fixtures/models/mlflow-sklearn', import.meta.url)), folder),
    files: ['model.pkl'],
    rows: [{ distance_km: 100 }, { distance_km: 300 }],
    expected: [20, 36],
    tolerance: 1e-12,
  })

  test('python: what a model takes is told by it, in its order', async () => {
    const features = [column('floors', 'number', false), column('area', 'number', true)]
    const folder = await mkdtemp(join(made, 'takes-'))
    await arranged(join(made, 'regression'), folder)
    assert.deepEqual(await adapter.takes?.(folder, features), { names: ['district', 'area', 'garden', 'floors'] })
    const other = await mkdtemp(join(made, 'takes-'))
    await cp(join(made, 'classification', 'forest.pkl'), join(other, 'model.pkl'))
    await adapter.arrange?.(other, await readdir(other))
    assert.deepEqual(await adapter.takes?.(other, features), { width: 2 })
  })

  test('python: a classification has its labels in the order of its probabilities, and with what it was made stands beside it', async () => {
    const folder = await mkdtemp(join(made, 'labels-'))
    await cp(join(made, 'classification'), folder, { recursive: true })
    await writeFile(join(folder, 'refit-model.json'), '{ "loader": "pickle", "path": "forest.pkl" }')
    const signature = { task: 'classification' as const, inputs: [column('area', 'number', false), column('floors', 'number', false)], target: 'size', classes: [] }
    assert.deepEqual(await adapter.finish(folder, signature, '.venv/bin/python'), answers.classes)
    const declared: unknown = JSON.parse(await readFile(join(folder, 'refit-model.json'), 'utf8'))
    assert.ok(Value.Check(Type.Object({ python: Type.Literal('.venv/bin/python'), made: Type.Object({ python: Type.String({ pattern: '^3' }), libraries: Type.Object({ 'scikit-learn': Type.String({ minLength: 1 }) }) }) }), declared), JSON.stringify(declared))
    await writeFile(join(folder, 'classes.json'), '["small", "middling", "large"]')
    assert.deepEqual(await adapter.finish(folder, signature), ['small', 'middling', 'large'])
    const wrong = { ...signature, inputs: [column('area', 'number', false)] }
    await assert.rejects(adapter.finish(folder, wrong), { code: 'model-unreadable', message: /takes rows of 2 values, and the definition has 1 features/ })
  })
}
