import type { Logger } from 'pino'
import type { PackageManifest } from '../packages/manifest.js'
import { distilInChild } from '../predictors/distil-in-child.js'
import { openPackage } from '../predictors/open-package.js'
import { predictorEnvironment, PROJECT_VARIABLE } from '../predictors/predictor-environment.js'
import type { Predictor } from '../predictors/predictor.js'
import { adapterOf } from '../predictors/recognise.js'
import type { StartOptions } from '../predictors/start-thread.js'
import { openInThread } from '../predictors/threaded.js'
import { basicEnvironment } from '../processes/run-process.js'
import { SAME_EVERYWHERE } from '../processes/same-everywhere.js'
import { predictors } from './predictors.js'

/** Of one version, in its thread. */
const MEMORY_BYTES = 2_000_000_000
/** Of what a version prints, characters until it is loaded again. */
const MOST_OUTPUT = 20_000

/**
 * Loads a version as serving needs it: where its model can be distilled it answers in the thread that answers everybody;
 * what might keep that thread, or bring it down, gets one of its own.
 */
export async function loadToServe(folder: string, manifest: PackageManifest, { hangsAfterMs, log }: { readonly hangsAfterMs: number; readonly log: Logger }): Promise<Predictor> {
  const { distilled: form, staysBeside = false } = adapterOf(predictors, manifest.format)
  // Code of the project that prepares rows may hang whatever the model is.
  if (staysBeside && manifest.prepare === undefined) return openPackage(predictors, folder, manifest)
  let left = MOST_OUTPUT
  const start: StartOptions = {
    entry: new URL('./predict-thread.bundle.js', import.meta.url),
    folder,
    manifest,
    memoryBytes: MEMORY_BYTES,
    environment: { ...basicEnvironment(), ...SAME_EVERYWHERE, ...(staysBeside ? predictorEnvironment(process.env[PROJECT_VARIABLE] ?? '.') : {}) },
    onOutput: (text) => {
      if (left > 0) log.info({ package: folder, printed: text.slice(0, left) }, 'a model has printed something')
      left -= text.length
    },
  }
  if (form !== undefined && manifest.prepare === undefined) {
    const made = (await form.kept(folder)) ?? (await distilInChild({ ...start, entry: new URL('./distil-child.bundle.js', import.meta.url) }))
    const distilled = made === undefined ? undefined : form.open(made, manifest.signature)
    if (distilled !== undefined) return distilled
  }
  return openInThread({
    ...start,
    hangsAfterMs,
    onEnd: (text) => {
      left = MOST_OUTPUT
      log.warn({ package: folder }, `a model cannot answer: ${text}`)
    },
  })
}
