import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { digestOf } from '../../define/canonical-json.js'
import { refitError, RefitError } from '../../errors.js'
import { extractArchive } from '../../packages/extract.js'
import { isInnerPath } from '../../packages/inner-path.js'
import { MANIFEST_FILE, type PackageFile } from '../../packages/manifest.js'
import { readMlModel, type MlModel } from '../../packages/ml-model.js'
import { ORIGIN_FILE, OriginNote, TRAINED_ON_PREFIX } from '../../packages/origin-note.js'
import { readWithDigest, verifyPackage } from '../../packages/read.js'
import type { PredictorAdapter } from '../../predictors/predictor.js'
import { recognise } from '../../predictors/recognise.js'
import type { UnpackInput, Unpacked } from './unpacked.js'

const LARGEST_NOTE_BYTES = 16 * 1024 * 1024
/** Of MLflow's flavors. */
const servedFlavors = ['onnx', 'python_function']

/**
 * Unpacks what somebody has brought and says what it is: a package of Refit, or a model in a form that a trainer may
 * leave, also as MLflow keeps it. Runs in a child, for nothing of it is trusted.
 * @throws RefitError `upload-unfit`, `flavor-unsupported`, `package-corrupt`, `package-newer`, `model-unreadable`
 */
export async function unpackUpload(adapters: readonly PredictorAdapter[], input: UnpackInput): Promise<Unpacked> {
  const { folder } = input
  await mkdir(folder, { recursive: true })
  const all = await extractArchive(input.archive, folder, input.mostBytes)
  const files = all.filter(({ path }) => !isBeside(path))
  const note = await readNote(folder, all)
  const trainedOn = await setAside(folder, all)
  const known = { sha256: digestOf(files.map(({ path, sha256 }) => [path, sha256])), bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), ...(note === undefined ? {} : { note }), ...(trainedOn === undefined ? {} : { trainedOn }) }
  if (files.some(({ path }) => path === MANIFEST_FILE)) {
    const { digest } = await readWithDigest(folder)
    const { format, signature } = await verifyPackage(folder, digest)
    // What it says of the training is believed: it has to be of this package.
    if (note !== undefined && note.digest !== digest) throw foreignNote(`tells of package ${note.digest.slice(0, 12)}, and this is ${digest.slice(0, 12)}`)
    // It is taken as it is, and what is loaded of it is the other form of its model.
    await adapters.find((adapter) => adapter.format === format)?.distilled?.requireOwn(folder)
    return { ...known, format, package: { digest, signature } }
  }
  if (note !== undefined) throw foreignNote('tells of a package of Refit, and there is none')
  const mlModel = await readMlModel(folder)
  await bringIntoForm(folder, files, adapters, mlModel)
  const adapter = await recognised(adapters, folder)
  const told = await adapter.takes?.(folder, input.features, input.interpreter)
  const inputs = told?.names ?? mlModel?.inputs
  return {
    ...known,
    format: adapter.format,
    ...(inputs === undefined ? {} : { inputs: [...inputs] }),
    ...(told?.width === undefined ? {} : { width: told.width }),
    ...(mlModel?.run === undefined ? {} : { mlflowRun: mlModel.run }),
  }
}

function foreignNote(reason: string): Error {
  return refitError('upload-unfit', { reason: `its ${ORIGIN_FILE} ${reason}` })
}

function isBeside(path: string): boolean {
  return path === ORIGIN_FILE || path.startsWith(TRAINED_ON_PREFIX)
}

async function readNote(folder: string, files: readonly PackageFile[]): Promise<OriginNote | undefined> {
  const found = files.find(({ path }) => path === ORIGIN_FILE)
  if (found === undefined) return undefined
  const unfit = (cause?: unknown): Error => refitError('upload-unfit', { reason: `its ${ORIGIN_FILE} is not of a known form` }, { cause })
  if (found.bytes > LARGEST_NOTE_BYTES) throw unfit()
  const note: unknown = await readFile(join(folder, ORIGIN_FILE), 'utf8').then((text): unknown => JSON.parse(text)).catch((error: unknown) => {
    throw unfit(error)
  })
  if (!Value.Check(OriginNote, note)) throw unfit()
  return note
}

/** Moves what is no part of the model out of its folder. */
async function setAside(folder: string, files: readonly PackageFile[]): Promise<Unpacked['trainedOn']> {
  const beside = files.filter(({ path }) => isBeside(path)).map(({ path }) => path)
  if (beside.length === 0) return undefined
  const other = `${folder}-beside`
  await mkdir(other, { recursive: true })
  for (const path of beside) await rename(join(folder, path), join(other, path))
  const [name, further] = beside.filter((path) => path !== ORIGIN_FILE)
  if (further !== undefined) throw refitError('upload-unfit', { reason: 'it has several files of rows that the model was trained on' })
  return name === undefined ? undefined : { path: join(other, name), name }
}

/** A model that lies there under another name than the predictors know. */
async function bringIntoForm(folder: string, files: readonly PackageFile[], adapters: readonly PredictorAdapter[], mlModel: MlModel | undefined): Promise<void> {
  const paths = files.map(({ path }) => path)
  if (adapters.some((adapter) => adapter.recognises(paths))) return
  if (mlModel !== undefined && !servedFlavors.some((flavor) => mlModel.flavors.includes(flavor))) {
    throw refitError('flavor-unsupported', { flavors: mlModel.flavors.join(', ') || 'none' })
  }
  const declared = mlModel?.dataOf('onnx')
  const arranged = declared !== undefined && isInnerPath(declared) && paths.includes(declared) ? [declared] : paths
  for (const adapter of adapters) await adapter.arrange?.(folder, arranged)
}

async function recognised(adapters: readonly PredictorAdapter[], folder: string): Promise<PredictorAdapter> {
  try {
    return await recognise(adapters, folder)
  } catch (error) {
    if (!(error instanceof RefitError)) throw error
    const reason = error.code === 'model-ambiguous' ? 'it holds models of several formats' : 'no model in it is recognised'
    throw refitError('upload-unfit', { reason: `${reason}; known are ${adapters.map(({ format }) => format).join(', ')}` }, { cause: error })
  }
}
