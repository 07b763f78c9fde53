import { readFile, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { MANIFEST_FILE, type PackageManifest } from '../packages/manifest.js'
import { ML_MODEL_FILE } from '../packages/ml-model.js'
import { readStoredManifest } from '../packages/store.js'
import type { PythonForm } from '../predictors/predictor.js'
import { getVersion, type Version } from '../registry/version.js'
import type { ArtifactPath } from '../tracking/artifact-path.js'
import type { ArtifactEntry } from '../tracking/artifacts.js'
import { invalid, missing, unsupported } from '../tracking/refusals.js'
import type { MlflowParts } from './parts.js'
import { MLFLOW_VERSION } from './server.js'

/** Where clients find the versions of the lifecycle's models, below the root of artifacts; migration 12 names it too. */
const ROOT = 'refit-models'
const CODE_FOLDER = 'refit-code'
const REQUIREMENTS_FILE = 'requirements.txt'
const LOADER = 'refit_pyfunc'

/** A file of a model folder as MLflow's clients see it. */
interface FolderFile {
  readonly bytes: number
  open(): Promise<Readable>
}

type Parts = Pick<MlflowParts, 'database' | 'objects' | 'predictors'>

/** Whether a path belongs to the versions of the lifecycle, whose folders are made when they are asked for. */
export function isOfVersions(path: ArtifactPath): boolean {
  return path === ROOT || path.startsWith(`${ROOT}/`)
}

/** @throws RefitError `tracking-invalid` for what clients may read and not change */
export function refuseChange(path: ArtifactPath): void {
  if (isOfVersions(path)) throw invalid(`What lies below ${ROOT} are versions of this project's models, which never change.`)
}

/** A file of a version. @throws RefitError `tracking-missing`, `tracking-unsupported`, `not-found`, `object-missing` */
export async function readVersionFile(parts: Parts, path: ArtifactPath): Promise<{ readonly content: Readable; readonly bytes: number }> {
  const { model, number, within } = placeOf(path)
  const file = number === undefined ? undefined : (await filesOf(parts, await getVersion(parts.database, model, number))).get(within)
  if (file === undefined) throw missing(`No such artifact: '${path}'`)
  return { content: await file.open(), bytes: file.bytes }
}

/** What lies in a folder of a version, by name. Which versions there are is told by the registry. @throws RefitError as `readVersionFile` */
export async function listVersionFolder(parts: Parts, path: ArtifactPath): Promise<readonly ArtifactEntry[]> {
  const { model, number, within } = placeOf(path)
  if (number === undefined) return []
  const before = within === '' ? '' : `${within}/`
  const entries = new Map<string, ArtifactEntry>()
  for (const [file, { bytes }] of await filesOf(parts, await getVersion(parts.database, model, number))) {
    if (!file.startsWith(before)) continue
    const [name = '', ...deeper] = file.slice(before.length).split('/')
    entries.set(name, { name, bytes: deeper.length === 0 ? bytes : undefined })
  }
  return [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Requires that Python can load a version. @throws RefitError `tracking-unsupported` with the reason, `not-found` */
export async function requireLoadable(parts: Parts, model: string, number: number): Promise<void> {
  const version = await getVersion(parts.database, model, number)
  await formOf(parts, version, (await readStoredManifest(parts.objects, version.digest)).manifest)
}

function placeOf(path: ArtifactPath): { readonly model: string; readonly number: number | undefined; readonly within: string } {
  const [, model = '', number = '', ...within] = path.split('/')
  return { model, number: /^[1-9]\d{0,8}$/.test(number) ? Number(number) : undefined, within: within.join('/') }
}

/** The model folder of a version by path: the files of its package, with what MLflow needs to load them. */
async function filesOf(parts: Parts, version: Version): Promise<ReadonlyMap<string, FolderFile>> {
  const { manifest, json } = await readStoredManifest(parts.objects, version.digest)
  const form = await formOf(parts, version, manifest)
  const packed = manifest.files.map(({ path, sha256, bytes }): readonly [string, FolderFile] => [path, { bytes, open: () => parts.objects.read(`files/${sha256}`) }])
  if ('folder' in form) {
    // What the project's own code has saved is an MLflow model as it lies there.
    const before = form.folder === '.' ? '' : `${form.folder}/`
    return new Map(packed.filter(([path]) => path.startsWith(before)).map(([path, file]) => [path.slice(before.length), file]))
  }
  const code = await Promise.all(Object.entries({ ...form.code, [`${LOADER}.py`]: fileURLToPath(new URL(`./${LOADER}.py`, import.meta.url)) }).map(async ([name, path]): Promise<readonly [string, FolderFile]> => [`${CODE_FOLDER}/${name}`, await localFile(path)]))
  const requirements = [`mlflow>=${MLFLOW_VERSION.split('.', 1)[0] ?? ''}`, 'numpy', 'pandas', ...form.requirements.filter((each) => !/^(?:mlflow|numpy|pandas)\b/.test(each))]
  return new Map<string, FolderFile>([[REQUIREMENTS_FILE, textFile(`${requirements.join('\n')}\n`)], ...packed, ...code, [MANIFEST_FILE, textFile(json)], [ML_MODEL_FILE, textFile(mlModelOf(version, manifest, form))]])
}

/** @throws RefitError `tracking-unsupported` with the reason why Python cannot load it */
async function formOf({ objects, predictors }: Parts, { model, number, format }: Version, { prepare, files }: PackageManifest): Promise<PythonForm> {
  const refuse = (reason: string): Error => unsupported(`Version ${number} of ${model} cannot be loaded by MLflow: ${reason}. Ask its endpoint for predictions.`)
  if (prepare !== undefined) throw refuse('its rows are prepared by a module in TypeScript, which Python cannot run')
  const adapter = predictors.find((each) => each.format === format)
  if (adapter?.inPython === undefined) throw refuse(`it is of the format "${format}", which Python cannot run`)
  return adapter.inPython(async (path) => {
    const file = files.find((each) => each.path === path)
    if (file === undefined) throw refuse(`its package has no ${path}`)
    return text(await objects.read(`files/${file.sha256}`))
  })
}

/** `MLmodel`, in JSON, which is YAML. Its inputs are of any type: the loader casts them as the endpoint does, and a strict double would refuse whole numbers. */
function mlModelOf({ model, number, digest, createdAt, format }: Version, { signature, files }: PackageManifest, { flavors }: Exclude<PythonForm, { readonly folder: string }>): string {
  const inputs = signature.inputs.map(({ name }) => ({ type: 'any', name, required: false }))
  const outputs = [{ type: signature.task === 'regression' ? 'double' : 'any', name: signature.target, required: signature.task === 'regression' }]
  const params = signature.task === 'regression' ? undefined : JSON.stringify([{ name: 'probabilities', type: 'boolean', default: false, shape: null }])
  const content = {
    flavors: { python_function: { loader_module: LOADER, code: CODE_FOLDER }, refit: { format }, ...flavors },
    metadata: { refit: { model, version: number, digest } },
    mlflow_version: MLFLOW_VERSION,
    model_size_bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    model_uuid: digest.slice(0, 32),
    signature: { inputs: JSON.stringify(inputs), outputs: JSON.stringify(outputs), params },
    utc_time_created: createdAt.toISOString().replace('T', ' ').replace('Z', '000'),
  }
  return `${JSON.stringify(content, undefined, 2)}\n`
}

function textFile(content: string): FolderFile {
  const bytes = Buffer.from(content)
  return { bytes: bytes.length, open: () => Promise.resolve(Readable.from([bytes])) }
}

async function localFile(path: string): Promise<FolderFile> {
  const { size } = await stat(path)
  return { bytes: size, open: async () => Readable.from([await readFile(path)]) }
}
