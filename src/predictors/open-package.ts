import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refitError } from '../errors.js'
import { modelSignature, PREPARE_FILE, type PackageManifest, type PackagePrepare, type SignatureColumn } from '../packages/manifest.js'
import { loadPreparer, type Preparer } from '../prepare/prepare-rows.js'
import type { Predictor, PredictorAdapter } from './predictor.js'
import { adapterOf } from './recognise.js'
import { withPrepare } from './with-prepare.js'

/**
 * Loads the model of a package's folder, and what prepares its rows. The only way to one: what the check has judged is
 * what serving answers with.
 * @throws RefitError `model-unreadable`
 */
export async function openPackage(adapters: readonly PredictorAdapter[], folder: string, manifest: PackageManifest): Promise<Predictor> {
  const { format, signature, prepare } = manifest
  const preparer = prepare === undefined ? undefined : await loadFrom(folder, signature.inputs, prepare)
  const predictor = await adapterOf(adapters, format).load(folder, modelSignature(manifest))
  return preparer === undefined || prepare === undefined ? predictor : withPrepare(predictor, preparer, prepare.features)
}

async function loadFrom(folder: string, inputs: readonly SignatureColumn[], { outputs }: PackagePrepare): Promise<Preparer> {
  try {
    return loadPreparer(await readFile(join(folder, PREPARE_FILE), 'utf8'), PREPARE_FILE, { inputs: inputs.map(({ name }) => name), outputs })
  } catch (error) {
    throw refitError('model-unreadable', { reason: `${PREPARE_FILE}: ${error instanceof Error ? error.message : String(error)}` }, { cause: error })
  }
}
