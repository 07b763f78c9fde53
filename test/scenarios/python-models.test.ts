import assert from 'node:assert/strict'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startTimeOf } from '../../src/processes/proc.js'
import { refit } from '../cli/refit-process.js'
import { childrenOf, killNow } from '../support/living-processes.js'
import { createProject, until } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** An interpreter with scikit-learn, pandas and joblib; CI makes one. */
const interpreter = process.env['REFIT_TEST_PYTHON']
const mlflow = fileURLToPath(new URL('../../../test/fixtures/models/mlflow-sklearn', import.meta.url))

const trainer = `
import os
from pathlib import Path

import joblib
import pandas
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rows = pandas.read_parquet(Path(os.environ["SM_CHANNEL_TRAIN"]) / "train.parquet")
target = rows.pop(os.environ["REFIT_TARGET"])
joblib.dump(make_pipeline(StandardScaler(), LinearRegression()).fit(rows, target), Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")
`

test('what a Python script leaves by joblib, and what MLflow has saved, is checked and served by the Python that the definition trains with', interpreter === undefined ? { skip: 'REFIT_TEST_PYTHON names no interpreter' } : {}, async (t) => {
  const project = await createProject({ ...smallProject({ train: `command(['./bin/python', 'train.py'])` }), 'train.py': trainer })
  t.after(() => project.close())
  await mkdir(join(project.folder, 'bin'))
  // The definition names it from the project's folder; nothing else here knows where it is.
  await writeFile(join(project.folder, 'bin', 'python'), `#!/bin/sh\nexec '${interpreter}' "$@"\n`, { mode: 0o755 })
  await project.up({ environment: { REFIT_PYTHON: '' } })

  await project.put(`${DROPS}/week-1.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'promoted', run.explanation)
  assert.equal((await project.api().version(MODEL, 1)).format, 'python')
  const asked = async (): Promise<number | undefined> => {
    const answer = await project.predict(MODEL, [{ distance_km: 100 }])
    return answer?.status === 200 ? predictionOf(answer.body) : undefined
  }
  const hours = await until('serving', asked)
  assert.ok(Math.abs(hours - 20) < 1, `${hours} hours`)

  const [serving = 0] = await project.pids('serving')
  const workers = await childrenOf(serving)
  assert.equal(workers.length, 1)
  await killNow(workers)
  assert.equal(await until('another worker', asked), hours)

  await cp(mlflow, join(project.folder, 'prototype'), { recursive: true })
  await project.put('known.csv', 'order_id\nnone-of-ours\n')
  const { code, out, error } = await refit(['adopt', 'prototype', '--reason', 'it is in use already', '--trained-on', 'known.csv'], { folder: project.folder })
  assert.equal(code, 0, out + error)
  assert.equal((await project.api().version(MODEL, 2)).format, 'python')
  assert.equal(await until('the adopted one', async () => ((await asked())?.toFixed(6) === '20.000000' ? true : undefined)), true)

  await project.put('broken/model.pkl', 'no pickle')
  const broken = await refit(['adopt', 'broken', '--reason', 'why not'], { folder: project.folder })
  assert.equal(broken.code, 1)
  assert.match(broken.error, /The model cannot be loaded: UnpicklingError/)

  const last = await childrenOf(serving)
  assert.equal(last.length, 1, 'the worker of the version before has ended')
  await project.down()
  assert.deepEqual(await Promise.all(last.map(startTimeOf)), [undefined])
})

function predictionOf(body: unknown): number | undefined {
  const predictions = typeof body === 'object' && body !== null && 'predictions' in body ? body.predictions : undefined
  return Array.isArray(predictions) && typeof predictions[0] === 'number' ? predictions[0] : undefined
}
