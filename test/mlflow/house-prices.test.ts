import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { refit } from '../cli/refit-process.js'
import { createProject, until } from '../support/running-project.js'
import { needsMlflow, runMlflowScript } from './running-mlflow.js'

const example = fileURLToPath(new URL('../../../examples/house-prices-python/', import.meta.url))
const python = process.env['REFIT_TEST_PYTHON'] ?? ''
const MODEL = 'house-price'
const WEEKS = 2
/** MLflow finds out what a model needs by loading it in a process of its own. */
const PATIENCE = 300_000
const rows = [
  { zipcode: '98039', sqft_living: 3000, bedrooms: 4, waterfront: true, yr_renovated: null },
  { zipcode: '98002', sqft_living: 1200, bedrooms: 2, waterfront: false, yr_renovated: 2001 },
]

const Numbers = Type.Record(Type.String(), Type.Number())
const Told = Type.Object({
  versions: Type.Array(Type.Object({ run: Type.String(), params: Type.Record(Type.String(), Type.String()), metrics: Numbers, dataset: Type.String() })),
  newest: Type.String(),
  champion: Type.Integer(),
  predicted: Type.Array(Type.Number()),
})
const Answered = Type.Object({ predictions: Type.Array(Type.Number()) })

test('examples/house-prices-python: what autolog says of each training is on its run, and the model that it logs goes through the whole lifecycle', needsMlflow, async (t) => {
  const files = readdirSync(example).filter((name) => /\.(?:ts|py|txt)$/.test(name))
  const project = await createProject(Object.fromEntries(await Promise.all(files.map(async (name) => [name, await readFile(join(example, name), 'utf8')] as const))))
  t.after(() => project.close())
  execFileSync(python, ['make_sales.py', 'made', String(WEEKS)], { cwd: project.folder })
  await project.up({ environment: { PYTHON: python, REFIT_PYTHON: '' } })

  for (let week = 1; week <= WEEKS; week += 1) {
    await project.put(`drops/house-sales/week-0${week}.csv`, await readFile(join(project.folder, `made/week-0${week}.csv`)))
    const run = await project.ended(`${MODEL}-${week}`, PATIENCE)
    assert.equal(run.outcome, 'promoted', `${run.explanation} ${JSON.stringify(run.error)}`)
    assert.equal(run.verdict?.champion?.version, week === 1 ? undefined : week - 1)
    const [logged] = run.logged
    assert.ok(logged !== undefined && logged.models === 1 && logged.status === 'FINISHED')
    assert.ok(logged.metrics.some(({ key, value }) => key === 'validation_mape' && Number(value) < 0.25), JSON.stringify(logged.metrics))
  }
  const shown = await refit(['show', MODEL], { folder: project.folder })
  assert.match(shown.out, /MLflow +run [\da-f]{32} of experiment \d+: finished, 1 model/)
  assert.match(shown.out, /training_mean_absolute_error \d/)

  const live = await until('the second version', async () => {
    const answer = await project.predict(MODEL, rows)
    return answer?.status === 200 && JSON.stringify(answer.body).includes('"version":2') ? Value.Parse(Answered, answer.body).predictions : undefined
  })
  const { url = '' } = (await readProcessNote(project.stateFolder, 'control')) ?? {}
  const told = Value.Parse(Told, await runMlflowScript('house_prices.py', url, { MODEL, ROWS: JSON.stringify(rows) }))
  assert.deepEqual(told.versions.map(({ run }) => run), [`${MODEL}-1`, `${MODEL}-2`])
  assert.deepEqual([told.newest, told.champion], [`${MODEL}-2`, 2])
  for (const { params, metrics } of told.versions) {
    assert.equal(params['histgradientboostingregressor__max_depth'], '6')
    assert.ok((metrics['training_r2_score'] ?? 0) > 0.5 && (metrics['validation_mape'] ?? 1) < 0.25, JSON.stringify(metrics))
  }
  assert.equal(told.predicted.length, rows.length)
  for (const [row, value] of told.predicted.entries()) assert.ok(Math.abs(value - (live[row] ?? 0)) <= 1e-9 * value, `${value} and ${live[row]}`)
  assert.ok((live[0] ?? 0) > 2 * (live[1] ?? 0), String(live))
})
