/** A project with a model of each kind that MLflow's clients may meet, all trained on the same houses. */
export function projectOfAllKinds(python: string): Readonly<Record<string, string>> {
  return {
    'refit.config.ts': config,
    'leave-onnx.mjs': leaveOnnx,
    'train.py': trainPython,
    'bin/python': `#!/bin/sh\nexec '${python}' "$@"\n`,
    'prepare.ts': 'export default function prepare({ area, floors }) {\n  return { per_floor: area / floors }\n}\n',
    'line.ts': "import { writeFileSync } from 'node:fs'\nimport { join } from 'node:path'\n\nexport default function train({ modelFolder }) {\n  writeFileSync(join(modelFolder, 'slope.json'), '2000')\n}\n",
    'predictor.ts': "export function load() {\n  return { predict: (rows) => rows.map(({ area }) => 2000 * area + 20_000) }\n}\n",
    'drops/houses.csv': houses(600),
  }
}

const config = `
import { byGroup, column, command, defineModel, defineProject, folder, gradientBoostedTrees, module } from 'refit'

const all = {
  id: column.key(),
  area: column.number({ min: 0, optional: true }),
  floors: column.number(),
  garden: column.boolean({ optional: true }),
  district: column.category({ optional: true }),
  price: column.ignored(),
  size: column.ignored(),
}
const common = { source: folder('drops'), split: byGroup({ test: '25%' }), contract: { plausibility: 'off' } } as const
const price = { ...common, task: 'regression', columns: { ...all, price: column.target() }, check: (m) => [m.mae.atMost(1e6)] } as const
const size = { ...common, task: 'classification', columns: { ...all, size: column.target() }, check: (m) => [m.accuracy.atLeast(0.5)] } as const
const needed = { ...price.columns, area: column.number({ min: 0 }) }

export default defineProject({
  models: {
    trees: defineModel({ ...price, train: gradientBoostedTrees() }),
    'tree-kinds': defineModel({ ...size, train: gradientBoostedTrees() }),
    onnx: defineModel({ ...price, columns: { ...price.columns, garden: column.ignored() }, train: command(['node', 'leave-onnx.mjs']) }),
    joblib: defineModel({ ...size, train: command(['./bin/python', 'train.py', 'joblib']) }),
    saved: defineModel({ ...price, columns: { ...needed, district: column.ignored(), garden: column.ignored() }, train: command(['./bin/python', 'train.py', 'mlflow']) }),
    prepared: defineModel({ ...price, columns: needed, prepare: './prepare.ts', prepared: { per_floor: column.number() }, train: gradientBoostedTrees() }),
    line: defineModel({ ...price, columns: needed, train: module('line.ts', { predictor: 'predictor.ts' }) }),
  },
})
`

const leaveOnnx = `
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'

copyFileSync('columns-regression.onnx', join(process.env.REFIT_MODEL_DIR, 'model.onnx'))
`

const trainPython = `
import os
import sys
from pathlib import Path

import pandas
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rows = pandas.read_parquet(Path(os.environ["REFIT_TRAIN"]) / "train.parquet")
target = rows.pop(os.environ["REFIT_TARGET"])
left = Path(os.environ["REFIT_MODEL_DIR"])
if sys.argv[1] == "mlflow":
    import mlflow

    mlflow.sklearn.save_model(make_pipeline(StandardScaler(), LinearRegression()).fit(rows, target), left / "model", signature=mlflow.models.infer_signature(rows, target))
else:
    import joblib

    numbers = ["area", "floors"]
    columns = ColumnTransformer([("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers), ("district", OneHotEncoder(handle_unknown="ignore"), ["district"])])
    joblib.dump(make_pipeline(columns, LogisticRegression()).fit(rows, target), left / "model.joblib")
`

const districts = ['01', 'north, east', 'süd']

/** Houses whose price follows from all columns, off by a little, and also from what is missing: a loader that reads it otherwise is found out. */
function houses(rows: number): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const area = 30 + ((row * 37) % 271) + ((row * 13) % 10) / 10
    const floors = 1 + (row % 3)
    const district = districts[(row * 7) % 3] ?? ''
    const isUnknown = row % 11 === 0
    const garden = row % 5 === 0 ? '' : String(row % 2 === 0)
    const more = (isUnknown ? -60_000 : district === 'süd' ? 40_000 : 0) + (garden === 'true' ? 30_000 : 0)
    const price = 2000 * area + 5000 * floors + more + ((row * 61) % 101) * 10
    const size = area < 110 ? 'small' : area < 200 ? 'middle' : 'large'
    return `h${row},${area.toFixed(1)},${floors},${garden},${isUnknown ? '' : `"${district}"`},${price.toFixed(0)},${size}`
  })
  return `id,area,floors,garden,district,price,size\n${lines.join('\n')}\n`
}

/** Rows to ask with, for each model what it takes of them. */
export const asked: readonly Readonly<Record<string, unknown>>[] = [
  { area: 50, floors: 1, garden: true, district: '01' },
  { area: 120.5, floors: 2, garden: false, district: 'süd' },
  { area: 250, floors: 3, garden: null, district: 'north, east' },
  { area: 199, floors: 2, garden: true, district: null },
  { area: 80.25, floors: 3, garden: false, district: 'never seen, "ever"' },
]
