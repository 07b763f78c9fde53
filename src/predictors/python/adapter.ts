import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { refitError } from '../../errors.js'
import type { Signature } from '../../packages/manifest.js'
import { ML_MODEL_FILE, readMlModel, type MlModel } from '../../packages/ml-model.js'
import { CLASSES_FILE, readClassLabels } from '../class-labels.js'
import { closable } from '../closable.js'
import { FORMAT_MODULE, type Predictions, type PredictorAdapter, type PythonForm } from '../predictor.js'
import { DECLARATION_FILE, declareModel, parseDeclaration, readDeclaration, writeDeclaration, type DeclaredModel } from './declared-model.js'
import { interpreterFor } from './interpreter.js'
import { endOrphans } from './orphans.js'
import { startPool, type PoolLimits } from './pool.js'
import { startWorker, type Loaded, type Worker, type WorkerLimits } from './worker.js'
import { workerFile } from './worker-file.js'

const usual: PoolLimits & WorkerLimits = {
  workers: Math.min(4, availableParallelism()),
  waiting: 1024,
  rows: 2048,
  waitMilliseconds: 30_000,
  loadMilliseconds: 120_000,
  answerMilliseconds: 30_000,
  growthBytes: 1024 ** 3,
}

/** Beside its numbers a worker says who it is: the names of thousands of columns at most. */
const MOST_HEADER_BYTES = 16 * 1024 * 1024

/**
 * Models of Python: a joblib or pickle file, an MLflow folder with the flavor `python_function`, or a file that loads whatever
 * it likes. Each is loaded by processes of its own interpreter, so that nothing of it can reach this one.
 */
export function pythonModel(limits: Partial<PoolLimits & WorkerLimits> = {}): PredictorAdapter {
  const all = { ...usual, ...limits }
  return {
    format: 'python',
    staysBeside: true,
    recognises: (files) => files.includes(DECLARATION_FILE),
    arrange: declareModel,
    takes: async (folder, features, interpreter) => {
      const { names, width } = await lookAt(folder, { task: 'regression', inputs: [...features], target: '', classes: [] }, true, all, interpreter)
      return names !== null ? { names } : width !== null ? { width } : undefined
    },
    finish: async (folder, signature, interpreter) => {
      const declared = await readDeclaration(folder)
      const { python, libraries, labels } = await lookAt(folder, signature, false, all, interpreter)
      const named = declared.python ?? interpreter
      await writeDeclaration(folder, { ...declared, ...(named === undefined ? {} : { python: named }), made: { python, libraries } })
      return labels ?? []
    },
    load: async (folder, signature) => {
      await endOrphans()
      const declared = await readDeclaration(folder)
      const width = signature.task === 'regression' ? 1 : signature.classes.length
      const settings = await settingsOf(folder, declared, signature, false)
      const start = (signal: AbortSignal): Promise<Worker> =>
        startWorker({ interpreter: interpreterFor(declared.python), settings, made: declared.made, limits: all, mostBytes: MOST_HEADER_BYTES + 8 * all.rows * width }, signal)
      const pool = await startPool({ inputs: signature.inputs, width, start, limits: all })
      return closable({ predict: async (batch, wanted) => toPredictions(signature, await pool.predict(batch, wanted)), close: pool.close, heldBytes: pool.heldBytes, whyEnded: pool.whyEnded })
    },
    inPython: async (read) => inPython(parseDeclaration(await read(DECLARATION_FILE))),
  }
}

/** What MLflow has saved is left as it is; anything else is loaded and asked by the very code of the workers. */
function inPython({ loader, path, made }: DeclaredModel): PythonForm {
  if (loader === 'mlflow') return { folder: path }
  return {
    code: { [FORMAT_MODULE]: fileURLToPath(new URL('./in_python.py', import.meta.url)), 'refit_worker.py': workerFile() },
    requirements: Object.entries(made?.libraries ?? {}).flatMap(([name, version]) => (version === '' ? [] : [`${name}==${version}`])),
    flavors: {},
  }
}

/** Loads a model to see what it says of itself; `strange`: whatever columns it takes. */
async function lookAt(folder: string, signature: Signature, strange: boolean, limits: WorkerLimits, interpreter: string | undefined): Promise<Loaded> {
  const declared = await readDeclaration(folder)
  const settings = await settingsOf(folder, declared, signature, strange)
  const worker = await startWorker({ interpreter: interpreterFor(declared.python ?? interpreter), settings, made: declared.made, limits, mostBytes: MOST_HEADER_BYTES }, new AbortController().signal)
  await worker.end()
  return worker.loaded
}

/** What a worker is told first. */
async function settingsOf(folder: string, { loader, path }: DeclaredModel, { task, inputs, classes }: Signature, strange: boolean): Promise<object> {
  const sklearn = loader === 'mlflow' ? (await mlModelOf(folder, path)).sklearn : undefined
  return { folder, loader, path, sklearn: sklearn ?? null, task, features: inputs, classes, labels: (await declaredLabels(folder, task)) ?? null, strange }
}

async function mlModelOf(folder: string, path: string): Promise<MlModel> {
  const found = await readMlModel(join(folder, path)).catch((error: unknown) => {
    throw refitError('model-unreadable', { reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  })
  if (found === undefined) throw refitError('model-unreadable', { reason: `there is no ${join(path, ML_MODEL_FILE)}` })
  return found
}

/** The labels that lie beside the model, where it does not have them as they are. */
async function declaredLabels(folder: string, task: Signature['task']): Promise<readonly string[] | undefined> {
  if (task === 'regression') return undefined
  const present = await stat(join(folder, CLASSES_FILE)).then(() => true, () => false)
  return present ? readClassLabels(folder) : undefined
}

function toPredictions({ task }: Signature, values: Float64Array): Predictions {
  return task === 'regression' ? { task, values } : { task, probabilities: values }
}
