import { lstat, readdir, rename, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { canonicalJson } from '../define/canonical-json.js'
import { RefitError, refitError } from '../errors.js'
import { MANIFEST_FILE, type PackageFile, type PackagePrepare, type Signature } from './manifest.js'
import { parseManifest, sha256Of, type ReadManifest } from './read.js'

/**
 * Turns a folder with a finished model into a package: adds `MLmodel` (an author's own is kept) and `refit.json`.
 * The digest follows from the files' content, the format, the signature and how rows are prepared alone. Doing it again gives the same.
 * @throws RefitError `package-unfit` when the folder holds anything but files and folders, or names that are not portable
 */
export async function buildPackage(
  folder: string,
  { format, signature, prepare }: { readonly format: string; readonly signature: Signature; readonly prepare?: PackagePrepare | undefined },
): Promise<ReadManifest> {
  await writeIfAbsent(join(folder, 'MLmodel'), mlModelOf(format, signature))
  const json = canonicalJson({ formatVersion: prepare === undefined ? 1 : 2, format, signature, prepare, files: await filesOf(folder) })
  const read = parsePackable(json)
  const temporary = join(folder, `.${MANIFEST_FILE}.tmp`)
  await writeFile(temporary, json)
  await rename(temporary, join(folder, MANIFEST_FILE))
  return read
}

/** Sorted by path, so that the digest does not depend on the order in which the file system lists them. */
async function filesOf(folder: string): Promise<PackageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: PackageFile[] = []
  for (const entry of entries) {
    if (entry.isDirectory()) continue
    const absolute = join(entry.parentPath, entry.name)
    const path = relative(folder, absolute).split(sep).join('/')
    if (!entry.isFile()) throw refitError('package-unfit', { reason: `${path} is a link or a special file` })
    if (path === MANIFEST_FILE || path === `.${MANIFEST_FILE}.tmp`) continue
    files.push({ path, sha256: await sha256Of(absolute), bytes: (await lstat(absolute)).size })
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** What nobody could read back must not be written: the reader's own rules decide. */
function parsePackable(json: string): ReadManifest {
  try {
    return parseManifest(json)
  } catch (error) {
    if (error instanceof RefitError) throw refitError('package-unfit', { reason: error.message }, { cause: error })
    throw error
  }
}

async function writeIfAbsent(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/** What MLflow's tools look for in a model folder. JSON is YAML. */
function mlModelOf(format: string, { inputs, target, task }: Signature): string {
  const types = { number: 'double', category: 'string', boolean: 'boolean' } as const
  const columns = inputs.map(({ name, type, optional }) => ({ type: types[type], name, required: !optional }))
  const output = [{ type: task === 'regression' ? 'double' : 'string', name: target, required: true }]
  const content = { flavors: { refit: { format } }, signature: { inputs: JSON.stringify(columns), outputs: JSON.stringify(output) } }
  return `${JSON.stringify(content, undefined, 2)}\n`
}
