import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { refit } from '../cli/refit-process.js'
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

/** Of one run among several that share two processors: MLflow's client alone takes seconds to start. */
const PATIENCE = 300_000
const Predictions = Type.Object({ predictions: Type.Array(Type.Number()) })
const Hostile = Type.Object({ answers: Type.Array(Type.Integer()), token: Type.String(), run: Type.String(), tokens: Type.Array(Type.String()) })
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
  const reports = /data-reports="([^"]+)"/.exec((await ask(url, 'GET', '/')).text)?.[1]
  assert.equal((await ask(url, 'GET', `/${reports ?? ''}/${MODEL}-1/report`)).status, 200, 'where the address of a run leads, its verdict is a step away')
  assert.match((await ask(url, 'GET', `${api}/experiments/get?experiment_id=${info.experiment_id}`)).text, new RegExp(`"name":"${MODEL}"`))

  const [logged] = ended.logged
  assert.deepEqual([logged?.stage, logged?.run, logged?.status, logged?.models, logged?.params], ['train', version.run_id, 'FINISHED', 1, [{ key: 'features', value: '1' }]])
  const shown = await refit(['show', MODEL], { folder: project.folder })
  assert.match(shown.out, new RegExp(`MLflow +run ${version.run_id} of experiment ${info.experiment_id}: finished, 1 model\\n +score 0\\.\\d+\\n +features=1\\n`))

  assert.equal((await project.api().version(MODEL, 1)).format, 'python')
  const answer = await until('serving', async () => {
    const given = await project.predict(MODEL, [{ distance_km: 100 }])
    return given?.status === 200 ? given.body : undefined
  })
  const { predictions } = Value.Parse(Predictions, answer)
  assert.ok(Math.abs((predictions[0] ?? 0) - 20) < 1, String(predictions))
})

/** One program, trained in the ways that its argument names. */
const ways = `
import json
import os
import sys
from pathlib import Path
from urllib import error, request

import mlflow
import numpy
import pandas
from sklearn.linear_model import LinearRegression

way = sys.argv[1]
left = Path(os.environ["REFIT_MODEL_DIR"])
rows = pandas.read_parquet(Path(os.environ["REFIT_TRAIN"]) / "train.parquet")
target = rows.pop(os.environ["REFIT_TARGET"])
line = LinearRegression()
short = {"pip_requirements": ["pandas"]}


def log(name):
    mlflow.sklearn.log_model(line.fit(rows, target), name=name, **short)


def refused(method, path, body=None):
    asked = request.Request(os.environ["MLFLOW_TRACKING_URI"] + path, method=method, data=None if body is None else json.dumps(body).encode())
    asked.add_header("Authorization", "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"])
    asked.add_header("Content-Type", "application/json")
    try:
        return request.urlopen(asked).status
    except error.HTTPError as answer:
        return answer.code


match way:
    case "autolog":
        mlflow.autolog()
        line.fit(rows, target)
    case "pyfunc":

        class Doubled(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return numpy.asarray(model_input["distance_km"]) * 0.08 + 12

        mlflow.pyfunc.log_model(name="doubled", python_model=Doubled(), **short)
    case "onnx":
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType

        onnx = to_onnx(line.fit(rows, target), initial_types=[("distance_km", FloatTensorType([None, 1]))])
        mlflow.onnx.log_model(onnx, name="line", **short)
    case "xgboost":
        from xgboost import XGBRegressor

        mlflow.xgboost.log_model(XGBRegressor(n_estimators=20).fit(rows, target), name="trees", **short)
    case "lightgbm":
        from lightgbm import LGBMRegressor

        mlflow.lightgbm.log_model(LGBMRegressor(n_estimators=20, verbose=-1).fit(rows, target), name="trees", **short)
    case "saved":
        mlflow.sklearn.save_model(line.fit(rows, target), left / "model", **short)
    case "two" | "chosen":
        log("first")
        log("second")
    case "both":
        import joblib

        log("line")
        joblib.dump(line, left / "model.joblib")
    case "fails":
        mlflow.log_param("tried", "yes")
        sys.exit("it was not to be")
    case "hostile":
        asked = [
            ("POST", f"/api/v1/models/{way}/versions/1/promote", {"reason": "why not"}),
            ("POST", "/api/v1/models/chosen/versions/1/promote", {"reason": "why not", "force": True}),
            ("POST", "/api/2.0/mlflow/registered-models/alias", {"name": "chosen", "alias": "champion", "version": "1"}),
            ("GET", "/api/v1/runs", None),
            ("GET", "/api/v1/project", None),
            ("POST", "/api/v1/project/shutdown", {}),
            ("GET", "/api/2.0/mlflow/experiments/search?max_results=10", None),
            ("GET", "/api/2.0/mlflow/registered-models/search", None),
        ]
        tokens = [name for name in os.environ if name.startswith("REFIT_TOKEN")]
        found = {"answers": [refused(*each) for each in asked], "token": os.environ["MLFLOW_TRACKING_TOKEN"], "run": os.environ["MLFLOW_RUN_ID"], "tokens": tokens}
        Path("hostile.json").write_text(json.dumps(found))
        log("line")
`

const columns = `{ order_id: column.key(), distance_km: column.number({ min: 0 }), hours: column.target({ min: 0 }) }`
const model = (way: string, options = '', definition = ''): string => `${way}: defineModel({ task: 'regression', columns: ${columns}, source: folder('drops'), split: byGroup({ test: '25%' }), check: (m) => [m.mape.atMost(0.25)], ${definition}
  train: command(['./bin/python', 'train.py', '${way}'], { environment: ${JSON.stringify(QUIET_CLIENT)}, ${options} }) })`

async function trained(t: TestContext, ...models: readonly string[]): Promise<RunningProject> {
  const config = `import { byGroup, column, command, defineModel, defineProject, folder } from 'refit'\nexport default defineProject({ models: { ${models.join(',\n')} } })`
  const project = await pythonProject({ 'refit.config.ts': config, 'train.py': ways, [`${DROPS}/week-1.csv`]: deliveries(1) }, python)
  t.after(() => project.close())
  await project.up({ environment: { REFIT_PYTHON: '' } })
  return project
}

test('a model becomes the candidate by whichever flavor of MLflow it is logged, or left', needsMlflow, async (t) => {
  const formats = { autolog: 'python', pyfunc: 'python', onnx: 'onnx', saved: 'python', ...(has('xgboost') ? { xgboost: 'python' } : {}), ...(has('lightgbm') ? { lightgbm: 'python' } : {}) }
  const project = await trained(t, ...Object.keys(formats).map((way) => model(way, '', way === 'autolog' ? 'refitOnAll: true,' : '')))
  for (const [way, format] of Object.entries(formats)) {
    const run = await project.ended(`${way}-1`, PATIENCE)
    assert.equal(run.outcome, 'promoted', `${way}: ${run.explanation}`)
    assert.equal((await project.api().version(way, 1)).format, format, way)
    const answer = await until(`serving ${way}`, async () => {
      const given = await project.predict(way, [{ distance_km: 100 }])
      return given?.status === 200 ? given.body : undefined
    })
    const { predictions } = Value.Parse(Predictions, answer)
    assert.ok(Math.abs((predictions[0] ?? 0) - 20) < 3, `${way}: ${String(predictions)}`)
  }
  const [autologged, again] = (await project.api().run('autolog-1')).logged
  assert.ok(autologged !== undefined && autologged.params.some(({ key, value }) => key === 'fit_intercept' && value === 'True'), 'what autolog says is on the run')
  assert.ok(autologged.metrics.some(({ key }) => key === 'training_r2_score'))
  assert.deepEqual([autologged.stage, again?.stage, again?.status], ['train', 'refit', 'FINISHED'], 'a second training has a run of its own')
  const registered = await ask(await controlUrl(project), 'GET', `${api}/model-versions/get?name=autolog&version=1`)
  assert.equal(Value.Parse(Version, registered.body).model_version.run_id, again?.run, 'the version comes of it')
})

test('exactly one model is taken: of several the run fails and names them, unless the definition says which; a token reaches nothing else and ends with its training', needsMlflow, async (t) => {
  const project = await trained(t, model('two'), model('chosen', `candidate: 'second'`), model('autolog', `candidate: 'third'`), model('both'), model('fails'), model('hostile'))
  const failed = async (way: string): Promise<string> => {
    const run = await project.ended(`${way}-1`, PATIENCE)
    assert.equal(run.outcome, 'failed', way)
    assert.notEqual(run.logged[0]?.status, 'FINISHED', way)
    return `${run.error?.code}: ${run.error?.message}`
  }
  assert.equal(await failed('two'), 'candidate-ambiguous: The training gave more than one model: it logged "first" and "second".')
  assert.equal(await failed('both'), 'candidate-ambiguous: The training gave more than one model: it logged "line" and left one of the format python in REFIT_MODEL_DIR.')
  assert.equal(await failed('autolog'), 'candidate-missing: The training logged no model named "third"; it logged "model".')
  assert.match(await failed('fails'), /^training-failed: .*it was not to be/)
  assert.deepEqual((await project.api().run('fails-1')).logged.map(({ status, params }) => [status, params]), [['FAILED', [{ key: 'tried', value: 'yes' }]]])
  assert.equal((await project.ended('chosen-1', PATIENCE)).outcome, 'promoted')

  assert.equal((await project.ended('hostile-1', PATIENCE)).outcome, 'promoted')
  const found = Value.Parse(Hostile, JSON.parse(await readFile(join(project.folder, 'hostile.json'), 'utf8')))
  assert.deepEqual([new Set(found.answers), found.tokens], [new Set([403]), []])
  const url = await controlUrl(project)
  const late = await ask(url, 'POST', `${api}/runs/set-tag`, { run_id: found.run, key: 'late', value: 'yes' }, { Authorization: `Bearer ${found.token}` })
  assert.deepEqual([late.status, late.text.includes('UNAUTHENTICATED')], [401, true])
})

function has(module: string): boolean {
  return spawnSync(python, ['-c', `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`]).status === 0
}
