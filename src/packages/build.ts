import { readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { canonicalJson, digestOf } from '../define/canonical-json.js'
import type { PackageFile, PackageManifest, Signature } from './manifest.js'
import { MANIFEST_FILE, sha256Of } from './read.js'

/**
 * Turns a folder with a model's files into a package: adds `MLmodel` and `refit.json`. The digest follows from the
 * files' content, the format and the signature alone. Links are not followed and not packed.
 */
export async function buildPackage(
  folder: string,
  { format, signature }: { readonly format: string; readonly signature: Signature },
): Promise<{ readonly manifest: PackageManifest; readonly digest: string }> {
  await writeFile(join(folder, 'MLmodel'), mlModelOf(format, signature))
  const manifest: PackageManifest = { formatVersion: 1, format, signature, files: await filesOf(folder) }
  const temporary = join(folder, `.${MANIFEST_FILE}`)
  await writeFile(temporary, canonicalJson(manifest))
  await rename(temporary, join(folder, MANIFEST_FILE))
  return { manifest, digest: digestOf(manifest) }
}

async function filesOf(folder: string): Promise<PackageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(
    paths.map(async (path) => ({ path: relative(folder, path).split(sep).join('/'), sha256: await sha256Of(path), bytes: (await stat(path)).size })),
  )
  return files.filter(({ path }) => path !== MANIFEST_FILE).toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** What MLflow's tools look for in a model folder. JSON is YAML. */
function mlModelOf(format: string, signature: Signature): string {
  const types = { number: 'double', category: 'string', boolean: 'boolean' } as const
  const inputs = signature.inputs.map(({ name, type, optional }) => ({ name, type: types[type], required: !optional }))
  return `${JSON.stringify({ flavors: { refit: { format } }, signature: { inputs: JSON.stringify(inputs) } }, undefined, 2)}\n`
}
