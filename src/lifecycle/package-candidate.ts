import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { RefitError, refitError } from '../errors.js'
import { buildPackage } from '../packages/build.js'
import { EXAMPLE_FILE } from '../packages/example.js'
import { modelSignature, PackagePrepare, PREPARE_FILE, Signature } from '../packages/manifest.js'
import { recogniseArranged } from '../predictors/recognise.js'
import type { PredictorAdapter } from '../predictors/predictor.js'

/** What the child that packages is given: the folder that the trainer left, an example row, and the signature as far as it is known. */
export const PackageInput = Type.Object({
  folder: Type.String(),
  example: Type.String(),
  signature: Signature,
  /** The training has logged the model in `folder` under this name; what it left in its own folder must be none. */
  beside: Type.Optional(Type.Object({ logged: Type.String(), folder: Type.String() })),
  /** The Python by which the definition trains. */
  interpreter: Type.Optional(Type.String()),
  /** How rows are prepared, with the local path of the module's bundle. */
  prepare: Type.Optional(Type.Object({ bundle: Type.String(), ...PackagePrepare.properties })),
})
export type PackageInput = Static<typeof PackageInput>

export const Packaged = Type.Object({ digest: Type.String(), format: Type.String(), signature: Signature })
export type Packaged = Static<typeof Packaged>

/**
 * Makes a package of what a trainer left. Runs in a child, for it opens the model to read its classes.
 * @throws RefitError `model-missing`, `model-ambiguous`, `candidate-ambiguous`, `model-unreadable`, `package-unfit`
 */
export async function packageCandidate(adapters: readonly PredictorAdapter[], { folder, example, signature, beside, interpreter, prepare: given }: PackageInput): Promise<Packaged> {
  if (beside !== undefined) await requireNoModel(adapters, beside)
  const adapter = await recogniseArranged(adapters, folder)
  const prepare = given === undefined ? undefined : { outputs: given.outputs, features: given.features }
  const classes = await adapter.finish(folder, modelSignature({ signature, ...(prepare === undefined ? {} : { prepare }) }), interpreter)
  await copyFile(example, join(folder, EXAMPLE_FILE))
  if (given !== undefined) await copyFile(given.bundle, join(folder, PREPARE_FILE))
  const { manifest, digest } = await buildPackage(folder, { format: adapter.format, signature: { ...signature, classes: [...classes] }, prepare })
  return { digest, format: manifest.format, signature: manifest.signature }
}

/** Whether what lies beside is a model is for the formats to say. */
async function requireNoModel(adapters: readonly PredictorAdapter[], { logged, folder }: { readonly logged: string; readonly folder: string }): Promise<void> {
  const found = await recogniseArranged(adapters, folder).then(
    ({ format }) => format,
    (error: unknown) => {
      if (error instanceof RefitError && error.code === 'model-missing') return undefined
      if (error instanceof RefitError && error.code === 'model-ambiguous') return 'several'
      throw error
    },
  )
  if (found !== undefined) throw refitError('candidate-ambiguous', { found: `it logged "${logged}" and left ${found === 'several' ? 'models of several formats' : `one of the format ${found}`} in REFIT_MODEL_DIR` })
}
