import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { refitError } from '../../errors.js'
import { closable } from '../closable.js'
import { FORMAT_MODULE, type PredictorAdapter } from '../predictor.js'
import { distil } from './distil.js'
import { areOurs, encodersOf, examplesOf } from './encode.js'
import { decodeCategory, isPlace, MODEL_FILE } from './features.js'
import { isForest, type Forest } from './forest.js'
import { FOREST_FILE, keepForest, keepsAnother, readKeptForest } from './forest-file.js'
import { forestPredictor } from './forest-predictor.js'
import { toPredictions } from './predictions.js'
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
    const { model, forest } = await openWithForest(folder)
    await keepForest(folder, forest)
    const labels = signature.task === 'regression' ? [] : model.getLabelClasses()
    const ours = areOurs(model.getInputFeatures())
    model.unload()
    return ours ? labels.map(decodeCategory) : labels
  },
  load: async (folder, signature) => {
    const kept = await readKeptForest(folder)
    if (kept !== undefined) return forestPredictor(kept, signature)
    const { model, forest } = await openWithForest(folder)
    if (forest !== undefined) {
      model.unload()
      return forestPredictor(forest, signature)
    }
    const encoders = encodersOf(model.getInputFeatures(), signature)
    return closable({
      predict: (batch) => Promise.resolve(toPredictions(signature, batch.rows, model.predict(examplesOf(encoders, batch)))),
      close: () => {
        model.unload()
        return Promise.resolve()
      },
    })
  },
  inPython: () => Promise.resolve({ code: { [FORMAT_MODULE]: fileURLToPath(new URL('./in_python.py', import.meta.url)) }, requirements: ['ydf'], flavors: {} }),
  distilled: {
    kept: readKeptForest,
    requireOwn: async (folder) => {
      if (!(await keepsAnother(folder, undefined))) return
      const { model, forest } = await openWithForest(folder)
      model.unload()
      if (await keepsAnother(folder, forest)) throw refitError('package-corrupt', { reason: `its ${FOREST_FILE} is not that of its model` })
    },
    make: async (folder) => {
      const { model, forest } = await openWithForest(folder)
      model.unload()
      return forest
    },
    open: (made, signature) => (isForest(made) ? forestPredictor(made, signature) : undefined),
  },
}

async function open(folder: string): Promise<YdfModel> {
  return loadModel(await startRuntime(), await readModel(folder))
}

async function openWithForest(folder: string): Promise<{ readonly model: YdfModel; readonly forest: Forest | undefined }> {
  const blob = await readModel(folder)
  const model = await loadModel(await startRuntime(), blob)
  return { model, forest: await distil(blob, model) }
}

async function readModel(folder: string): Promise<Uint8Array> {
  return readFile(join(folder, MODEL_FILE)).catch((error: unknown) => {
    throw refitError('model-unreadable', { reason: `${MODEL_FILE} is missing` }, { cause: error })
  })
}
