import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Signature } from '../../packages/manifest.js'
import { refitError } from '../../errors.js'
import { closable } from '../closable.js'
import { FORMAT_MODULE, type FeatureBatch, type Predictions, type PredictorAdapter } from '../predictor.js'
import { decodeCategory, encodeValue, featureName, isPlace, MODEL_FILE, plainTypes, plainValue } from './features.js'
import { loadModel, startRuntime, type YdfModel } from './runtime.js'
import { zipFolder } from './zip-folder.js'

/** Models of Yggdrasil Decision Forests, in its WebAssembly runtime. */
export const ydf: PredictorAdapter = {
  format: 'ydf',
  recognises: (files) => files.includes(MODEL_FILE),
  arrange: zipFolder,
  takes: async (folder) => {
    const model = await open(folder)
    const names = model.getInputFeatures().map(({ name }) => name)
    model.unload()
    return names.every(isPlace) ? undefined : { names }
  },
  finish: async (folder, signature) => {
    if (signature.task === 'regression') return []
    const model = await open(folder)
    const labels = model.getLabelClasses()
    const encoding = encodingOf(model, signature)
    model.unload()
    return labels.map(encoding.label)
  },
  load: async (folder, signature) => {
    const model = await open(folder)
    const classCount = signature.classes.length
    const { encode } = encodingOf(model, signature)
    return closable({
      predict: (batch) => Promise.resolve(toPredictions(signature, batch.rows, classCount, model.predict(encode(batch)))),
      close: () => {
        model.unload()
        return Promise.resolve()
      },
    })
  },
  inPython: () => Promise.resolve({ code: { [FORMAT_MODULE]: fileURLToPath(new URL('./in_python.py', import.meta.url)) }, requirements: ['ydf'], flavors: {} }),
}

async function open(folder: string): Promise<YdfModel> {
  const blob = await readFile(join(folder, MODEL_FILE)).catch((error: unknown) => {
    throw refitError('model-unreadable', { reason: `${MODEL_FILE} is missing` }, { cause: error })
  })
  return loadModel(await startRuntime(), blob)
}

interface Encoding {
  encode(batch: FeatureBatch): Record<string, (number | string | null)[]>
  label(encoded: string): string
}

/** How rows become examples: as the trainer encodes them, or, for a model from elsewhere, under the names that it knows them by. */
function encodingOf(model: YdfModel, { inputs }: Signature): Encoding {
  const features = model.getInputFeatures()
  if (!features.every(({ name }) => isPlace(name))) {
    const strange = features.find(({ type }) => !plainTypes.has(type))
    if (strange !== undefined) throw refitError('model-unreadable', { reason: `its feature ${strange.name} is a ${strange.type}; known are ${[...plainTypes].join(', ')}` })
    return { encode: ({ columns }) => Object.fromEntries(features.map(({ name, type }) => [name, (columns[name] ?? []).map((value) => plainValue(type, value))])), label: (encoded) => encoded }
  }
  return { encode: ({ columns }) => Object.fromEntries(inputs.map(({ name, type }, index) => [featureName(index), (columns[name] ?? []).map((value) => encodeValue(type, value))])), label: decodeCategory }
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
