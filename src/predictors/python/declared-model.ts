import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../../errors.js'
import { isInnerPath } from '../../packages/inner-path.js'
import { ML_MODEL_FILE, readMlModel } from '../../packages/ml-model.js'

/** Beside a Python model: how it is loaded. */
export const DECLARATION_FILE = 'refit-model.json'

/** What the files are called that scripts for SageMaker and Vertex AI leave, and how they are loaded. */
const usualFiles = { 'model.joblib': 'joblib', 'model.pkl': 'pickle' } as const

/** The folder itself. */
const ROOT = '.'
const PYTHON_FLAVOR = 'python_function'

export const DeclaredModel = Type.Object(
  {
    loader: Type.Union([Type.Literal('joblib'), Type.Literal('pickle'), Type.Literal('mlflow'), Type.Literal('python')]),
    /** Of the file, or of the MLflow folder, relative to the model's folder. */
    path: Type.String({ minLength: 1 }),
    /** The interpreter, as in a definition: a name, or a path from the project's folder. */
    python: Type.Optional(Type.String({ minLength: 1 })),
    /** With what it was first loaded: its version of Python, and of libraries by name. Refit adds it. */
    made: Type.Optional(Type.Object({ python: Type.String(), libraries: Type.Record(Type.String(), Type.String()) })),
  },
  { additionalProperties: false },
)
export type DeclaredModel = Static<typeof DeclaredModel>

/** @throws RefitError `model-unreadable` */
export async function readDeclaration(folder: string): Promise<DeclaredModel> {
  const text = await readFile(join(folder, DECLARATION_FILE), 'utf8').catch((error: unknown) => {
    throw unreadable('is missing', error)
  })
  return parseDeclaration(text)
}

/** @throws RefitError `model-unreadable` */
export function parseDeclaration(text: string): DeclaredModel {
  const declared = parse(text)
  if (!Value.Check(DeclaredModel, declared)) {
    const [fault] = Value.Errors(DeclaredModel, declared)
    throw unreadable(`must have "loader" (joblib, pickle, mlflow or python) and "path", and may have "python"${fault === undefined ? '' : `: ${fault.instancePath} ${fault.message}`}`)
  }
  if (declared.path !== ROOT && !isInnerPath(declared.path)) throw unreadable(`names ${JSON.stringify(declared.path)}, which is not inside the folder`)
  return declared
}

function unreadable(reason: string, cause?: unknown): Error {
  return refitError('model-unreadable', { reason: `${DECLARATION_FILE} ${reason}` }, { cause })
}

/** Whole or not at all: packaging may be repeated after a crash. */
export async function writeDeclaration(folder: string, declared: DeclaredModel): Promise<void> {
  const file = join(folder, DECLARATION_FILE)
  await writeFile(`${file}.tmp`, `${JSON.stringify(declared, undefined, 2)}\n`)
  await rename(`${file}.tmp`, file)
}

/** Declares what lies in a folder in a form that says itself how it is loaded: an MLflow model, or a file of a usual name. */
export async function declareModel(folder: string, files: readonly string[]): Promise<void> {
  if (files.includes(DECLARATION_FILE)) return
  const declared = (await foundByMlflow(folder, files)) ?? foundByName(files)
  if (declared !== undefined) await writeDeclaration(folder, declared)
}

/** In the folder itself, or in a single one below it: MLflow saves into no folder that is there already. */
async function foundByMlflow(folder: string, files: readonly string[]): Promise<DeclaredModel | undefined> {
  const below = files.filter((file) => file.endsWith(`/${ML_MODEL_FILE}`) && file.split('/').length === 2).map((file) => file.slice(0, file.indexOf('/')))
  const path = files.includes(ML_MODEL_FILE) ? ROOT : below.length === 1 ? below[0] : undefined
  if (path === undefined) return undefined
  const flavors = (await readMlModel(join(folder, path)))?.flavors ?? []
  // What has an ONNX file as well is served by that.
  return flavors.includes(PYTHON_FLAVOR) && !flavors.includes('onnx') ? { loader: 'mlflow', path } : undefined
}

function foundByName(files: readonly string[]): DeclaredModel | undefined {
  const [found, other] = Object.entries(usualFiles).flatMap(([path, loader]) => (files.includes(path) ? [{ path, loader }] : []))
  return other === undefined ? found : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
