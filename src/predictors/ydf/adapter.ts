import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signature } from '../../packages/manifest.js'
import { refitError } from '../../errors.js'
import { closable } from '../closable.js'
import type { FeatureBatch, Predictions, PredictorAdapter } from '../predictor.js'
import { decodeCategory, encodeValue, featureName, MODEL_FILE } from './features.js'
import { loadModel, startRuntime, type YdfModel } from './runtime.js'

/** Models of Yggdrasil Decision Forests, in its WebAssembly runtime. */
export const ydf: PredictorAdapter = {
  format: 'ydf',
  recognises: (files) => files.includes(MODEL_FILE),
  finish: async (folder, signature) => {
    if (signature.task === 'regression') return []
    const model = await open(folder)
    const classes = model.getLabelClasses().map(decodeCategory)
    model.unload()
    return classes
  },
  load: async (folder, signature) => {
    const model = await open(folder)
    const classCount = signature.classes.length
    return closable({
      predict: (batch) => Promise.resolve(toPredictions(signature, batch.rows, classCount, model.predict(encode(signature, batch)))),
      close: () => {
        model.unload()
        return Promise.resolve()
      },
    })
  },
}

async function open(folder: string): Promise<YdfModel> {
  const blob = await readFile(join(folder, MODEL_FILE)).catch((error: unknown) => {
    throw refitError('model-unreadable', { reason: `${MODEL_FILE} is missing` }, { cause: error })
  })
  return loadModel(await startRuntime(), blob)
}

function encode({ inputs }: Signature, { columns }: FeatureBatch): Record<string, (number | string | null)[]> {
  const examples: Record<string, (number | string | null)[]> = {}
  for (const [index, { name, type }] of inputs.entries()) {
    examples[featureName(index)] = (columns[name] ?? []).map((value) => encodeValue(type, value))
  }
  return examples
}

function toPredictions(signature: Signature, rows: number, classCount: number, raw: readonly number[]): Predictions {
  if (signature.task === 'regression') {
    if (raw.length !== rows) throw refitError('prediction-invalid', { reason: `${raw.length} values for ${rows} rows` })
    return { task: 'regression', values: Float64Array.from(raw) }
  }
  if (raw.length === rows * classCount) return { task: 'classification', probabilities: Float64Array.from(raw) }
  if (raw.length !== rows || classCount !== 2) throw refitError('prediction-invalid', { reason: `${raw.length} values for ${rows} rows of ${classCount} classes` })
  const probabilities = new Float64Array(rows * 2)
  for (const [row, second] of raw.entries()) {
    probabilities[row * 2] = 1 - second
    probabilities[row * 2 + 1] = second
  }
  return { task: 'classification', probabilities }
}
