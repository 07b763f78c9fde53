import { rm } from 'node:fs/promises'
import { startFastApi, startMlflow, startOurs } from './contenders.js'
import { scikitHouses, type ScikitModel } from './served-models.js'
import { takeTurns, turnsWords } from './turns.js'

const PROCESSES = (process.env['REFIT_BENCH_PROCESSES'] ?? '1,2').split(',').map(Number)
const LEAST = [Number.NaN, 2.5, 3]
const names = ['ours', 'FastAPI, uvicorn, scikit-learn', 'MLflow’s scoring server']

/**
 * Predictions of one model of scikit-learn's through the endpoint, as ONNX, beside the servers that teams have for it in
 * Python, in as many processes.
 * @throws Error without a Python that has them
 */
export async function pythonServers(): Promise<readonly string[]> {
  const python = process.env['REFIT_TEST_PYTHON']
  if (python === undefined) throw new Error('REFIT_TEST_PYTHON has to name a Python with scikit-learn, skl2onnx, mlflow, fastapi and uvicorn')
  const model = await scikitHouses(python)
  const lines = ['| rows | processes | server | requests/s | ours beside it | at least | p99, ms | ours beside it | holds |', '|---|---|---|---|---|---|---|---|---|']
  try {
    for (const processes of PROCESSES) lines.push(...(await compare(python, model, processes)))
  } finally {
    await rm(model.folder, { recursive: true, force: true })
  }
  return [...lines, '', `300 trees of scikit-learn's HistGradientBoostingRegressor on 18 columns; ours has them as ONNX. ${turnsWords}`]
}

async function compare(python: string, { served, joblib, mlflow }: ScikitModel, processes: number): Promise<readonly string[]> {
  const contenders = [await startOurs(served, processes)]
  const lines: string[] = []
  try {
    contenders.push(await startFastApi(python, joblib, served, processes), await startMlflow(python, mlflow, processes))
    for (const rows of [1, 100]) {
      const { perSecond, p99, beside } = await takeTurns(contenders, served.rows.slice(0, rows), processes)
      for (const [index, name] of names.entries()) {
        const least = LEAST[index] ?? Number.NaN
        const ratio = beside.perSecond[index] ?? Number.NaN
        const figures = index === 0 ? ['–', '–'] : [ratio.toFixed(2), String(least)]
        lines.push(`| ${rows} | ${processes} | ${name} | ${(perSecond[index] ?? 0).toFixed(0)} | ${figures.join(' | ')} | ${(p99[index] ?? 0).toFixed(2)} | ${index === 0 ? '–' : (beside.p99[index] ?? 0).toFixed(2)} | ${index === 0 ? '–' : ratio >= least ? 'yes' : '**no**'} |`)
      }
    }
  } finally {
    for (const { stop } of contenders) await stop()
  }
  return lines
}
