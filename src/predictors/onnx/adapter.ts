import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as OnnxRuntime from 'onnxruntime-web'
import type { InferenceSession, Tensor } from 'onnxruntime-web'
import { refitError } from '../../errors.js'
import type { Signature } from '../../packages/manifest.js'
import { readClassLabels } from '../class-labels.js'
import { closable } from '../closable.js'
import { FORMAT_MODULE, type FeatureBatch, type FeatureValue, type Predictions, type PredictorAdapter } from '../predictor.js'
import { oneAtATime } from './one-at-a-time.js'

const MODEL_FILE = 'model.onnx'

type Runtime = typeof OnnxRuntime

/**
 * ONNX models, in onnxruntime's WebAssembly build. Inputs: one float matrix of all features in the order of the
 * signature (categories must have been made numbers by the trainer, so number and boolean features only), or one
 * tensor for each column by its name, of floats, int64 or text. Outputs: for a regression the first tensor of one
 * value a row; for a classification the first float tensor of a value for each row and class.
 */
export const onnx: PredictorAdapter = {
  format: 'onnx',
  recognises: (files) => files.includes(MODEL_FILE),
  finish: async (folder, signature) => {
    const { session } = await open(folder)
    const matrix = takesMatrix(session, signature)
    await oneAtATime(() => session.release())
    const texts = signature.inputs.filter(({ type }) => type === 'category').map(({ name }) => name)
    if (matrix && texts.length > 0) throw refitError('model-unreadable', { reason: `its only input is a matrix of numbers, but these columns are categories: ${texts.join(', ')}; give it one input for each column` })
    if (signature.task === 'regression') return []
    return readClassLabels(folder)
  },
  arrange: async (folder, files) => {
    const [found, other] = files.filter((file) => file.endsWith('.onnx'))
    if (found !== undefined && other === undefined) await rename(join(folder, found), join(folder, MODEL_FILE))
  },
  takes: async (folder, features) => {
    const { session } = await open(folder)
    const [only] = session.inputMetadata
    const matrix = takesMatrix(session, { inputs: [...features] })
    await oneAtATime(() => session.release())
    if (!matrix) return { names: session.inputNames }
    const width = only?.isTensor === true ? only.shape.at(-1) : undefined
    return typeof width === 'number' ? { width } : {}
  },
  load: async (folder, signature) => {
    const { session, runtime } = await open(folder)
    return closable({
      predict: async (batch, wanted) => {
        const outputs = await oneAtATime(async () => {
          const gone = wanted?.givenUp()
          if (gone !== undefined) throw gone
          const feeds = feedsOf(runtime, session, signature, batch)
          return session.run(feeds, session.outputNames.filter((name) => isTensorOutput(session, name))).catch((error: unknown) => {
            throw refitError('prediction-invalid', { reason: `onnxruntime refuses the rows (${error instanceof Error ? error.message : String(error)})` }, { cause: error })
          })
        })
        return toPredictions(signature, batch.rows, Object.values(outputs))
      },
      close: () => oneAtATime(() => session.release()),
    })
  },
  inPython: () =>
    Promise.resolve({
      code: { [FORMAT_MODULE]: fileURLToPath(new URL('./in_python.py', import.meta.url)) },
      requirements: ['onnxruntime'],
      flavors: { onnx: { data: MODEL_FILE, providers: ['CPUExecutionProvider'] } },
    }),
}

async function open(folder: string): Promise<{ session: InferenceSession; runtime: Runtime }> {
  const runtime = await import('onnxruntime-web')
  runtime.env.wasm.numThreads = 1
  runtime.env.logLevel = 'error'
  try {
    // Read here and handed over as bytes: a model that refers to files outside itself cannot be loaded.
    const model = await readFile(join(folder, MODEL_FILE))
    return { session: await oneAtATime(() => runtime.InferenceSession.create(model, { executionProviders: ['wasm'] })), runtime }
  } catch (error) {
    throw refitError('model-unreadable', { reason: `onnxruntime refuses it (${error instanceof Error ? error.message : String(error)})` }, { cause: error })
  }
}

function isTensorOutput(session: InferenceSession, name: string): boolean {
  return session.outputMetadata[session.outputNames.indexOf(name)]?.isTensor ?? true
}

function feedsOf(runtime: Runtime, session: InferenceSession, { inputs }: Signature, { rows, columns }: FeatureBatch): Record<string, Tensor> {
  const [onlyInput] = session.inputNames
  if (takesMatrix(session, { inputs }) && onlyInput !== undefined) {
    const matrix = new Float32Array(rows * inputs.length)
    for (const [index, { name }] of inputs.entries()) {
      const values = columns[name] ?? []
      for (let row = 0; row < rows; row += 1) matrix[row * inputs.length + index] = asNumber(values[row] ?? null)
    }
    return { [onlyInput]: new runtime.Tensor('float32', matrix, [rows, inputs.length]) }
  }
  return Object.fromEntries(session.inputNames.map((name) => [name, columnTensor(runtime, session, name, rows, columns[name] ?? [])]))
}

/** Whether it takes all features as one matrix, instead of one input for each column by its name. */
function takesMatrix(session: InferenceSession, { inputs }: Pick<Signature, 'inputs'>): boolean {
  return session.inputNames.length === 1 && !session.inputNames.every((name) => inputs.some((input) => input.name === name))
}

function columnTensor(runtime: Runtime, session: InferenceSession, name: string, rows: number, values: readonly FeatureValue[]): Tensor {
  const metadata = session.inputMetadata[session.inputNames.indexOf(name)]
  const type = metadata?.isTensor === true ? metadata.type : 'float32'
  const shape = [rows, 1]
  if (type === 'string') return new runtime.Tensor('string', values.map((value) => (value === null ? '' : String(value))), shape)
  if (type === 'int64') return new runtime.Tensor('int64', BigInt64Array.from(values, (value) => BigInt(Math.round(asNumber(value) || 0))), shape)
  if (type === 'float64') return new runtime.Tensor('float64', Float64Array.from(values, asNumber), shape)
  return new runtime.Tensor('float32', Float32Array.from(values, asNumber), shape)
}

function asNumber(value: FeatureValue): number {
  return typeof value === 'number' ? value : value === true ? 1 : value === false ? 0 : Number.NaN
}

function toPredictions({ task, classes }: Signature, rows: number, outputs: readonly Tensor[]): Predictions {
  const columns = task === 'regression' ? 1 : classes.length
  const found = outputs.find(({ type, size }) => (type === 'float32' || type === 'float64') && size === rows * columns)
  const data = found?.data
  if (!(data instanceof Float32Array) && !(data instanceof Float64Array)) {
    throw refitError('prediction-invalid', { reason: `it has no float output of ${rows} × ${columns} values` })
  }
  const values = Float64Array.from(data)
  return task === 'regression' ? { task, values } : { task, probabilities: values }
}
