import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { pythonProject, QUIET_CLIENT } from '../support/python-project.js'
import { until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'
import { ask, needsMlflow } from './running-mlflow.js'

const python = process.env['REFIT_TEST_PYTHON'] ?? ''
const train = `command(['./bin/python', 'train.py'], { environment: ${JSON.stringify(QUIET_CLIENT)} })`
const api = '/api/2.0/mlflow'

/** As people write them: its experiment is named as it was on another server, and nothing of Refit stands in it but the two variables. */
const script = `
import os
from pathlib import Path

import mlflow
import pandas
from sklearn.linear_model import LinearRegression

rows = pandas.read_parquet(Path(os.environ["REFIT_TRAIN"]) / "train.parquet")
target = rows.pop(os.environ["REFIT_TARGET"])

mlflow.set_experiment("somewhere-else")
with mlflow.start_run() as run:
    model = LinearRegression().fit(rows, target)
    mlflow.log_param("features", len(rows.columns))
    for step, value in enumerate([3.0, 2.0, float(model.score(rows, target))]):
        mlflow.log_metric("score", value, step=step)
    mlflow.log_text("it went well", "notes/how.txt")
    mlflow.sklearn.log_model(model, name="line")
`

const Info = Type.Object({ run_id: Type.String(), experiment_id: Type.String(), status: Type.String(), run_name: Type.String() })
const Pairs = Type.Array(Type.Object({ key: Type.String(), value: Type.Unknown() }))
const Run = Type.Object({ run: Type.Object({ info: Info, data: Type.Object({ params: Type.Optional(Pairs), metrics: Type.Optional(Pairs), tags: Type.Optional(Pairs) }) }) })
const Version = Type.Object({ model_version: Type.Object({ run_id: Type.String() }) })

async function controlUrl(project: RunningProject): Promise<string> {
  return (await readProcessNote(project.stateFolder, 'control'))?.url ?? ''
}

test('a script that uses MLflow trains unchanged: what it logs is on the run, and the model that it logs is checked, versioned and served', needsMlflow, async (t) => {
  const project = await pythonProject({ ...smallProject({ train }), 'train.py': script, [`${DROPS}/week-1.csv`]: deliveries(1) }, python)
  t.after(() => project.close())
  await project.up({ environment: { REFIT_PYTHON: '' } })
  const ended = await project.ended(`${MODEL}-1`)
  assert.equal(ended.outcome, 'promoted', `${ended.explanation} ${JSON.stringify(ended.error)}`)

  const url = await controlUrl(project)
  const version = Value.Parse(Version, (await ask(url, 'GET', `${api}/model-versions/get?name=${MODEL}&version=1`)).body).model_version
  const { info, data } = Value.Parse(Run, (await ask(url, 'GET', `${api}/runs/get?run_id=${version.run_id}`)).body).run
  assert.equal(info.status, 'FINISHED')
  assert.equal(info.run_name, `${MODEL}-1`)
  assert.deepEqual(data.params, [{ key: 'features', value: '1' }])
  assert.ok(data.metrics?.some(({ key, value }) => key === 'score' && typeof value === 'number' && value > 0.8 && value < 1))
  assert.match((await ask(url, 'GET', `${api}/artifacts/list?run_id=${info.run_id}&path=notes`)).text, /notes\/how\.txt/)
  assert.match((await ask(url, 'GET', `${api}/experiments/get?experiment_id=${info.experiment_id}`)).text, new RegExp(`"name":"${MODEL}"`))

  assert.equal((await project.api().version(MODEL, 1)).format, 'python')
  const answer = await until('serving', async () => {
    const given = await project.predict(MODEL, [{ distance_km: 100 }])
    return given?.status === 200 ? given.body : undefined
  })
  const { predictions } = Value.Parse(Type.Object({ predictions: Type.Array(Type.Number()) }), answer)
  assert.ok(Math.abs((predictions[0] ?? 0) - 20) < 1, String(predictions))
})
