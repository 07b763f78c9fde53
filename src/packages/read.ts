import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { canonicalJson, digestOf } from '../define/canonical-json.js'
import { refitError } from '../errors.js'
import { FirstManifest, MANIFEST_FILE, PackageManifest, PREPARE_FILE, type PackageFile } from './manifest.js'
import { requireInnerPaths } from './inner-path.js'

/** Far above any real model: what lies beyond is damage or an attack. */
export const LARGEST_MANIFEST_BYTES = 16 * 1024 * 1024
export const LARGEST_PACKAGE_BYTES = 64 * 1024 ** 3

/** A manifest in today's form, with the digest and the canonical JSON of what was read, whatever its format version. */
export interface ReadManifest {
  readonly manifest: PackageManifest
  readonly digest: string
  readonly json: string
}

/** One reader for each format version there has been: its schema, and what makes it a manifest of today. */
const readers: readonly { readonly schema: TSchema; readonly upgrade: (value: unknown) => unknown }[] = [
  // Whatever else a manifest of the first format says, it prepares nothing.
  { schema: FirstManifest, upgrade: (value) => Value.Clean(FirstManifest, Value.Clone(value)) },
  { schema: PackageManifest, upgrade: (value) => value },
]

/** Reads a manifest of any former format version. @throws RefitError `package-corrupt`, `package-newer` */
export function parseManifest(json: string): ReadManifest {
  const value = parseJson(json)
  const version = formatVersionOf(value)
  if (version > readers.length) throw refitError('package-newer', { version, newest: readers.length })
  const reader = readers[version - 1]
  if (reader === undefined || !Value.Check(reader.schema, value)) throw refitError('package-corrupt', { reason: 'its manifest is not of a known form' })
  const manifest = Value.Parse(PackageManifest, reader.upgrade(value))
  requireInnerPaths(manifest.files.map(({ path }) => path))
  requireSaneSizes(manifest.files)
  requirePrepare(manifest)
  return { manifest, digest: digestOf(value), json: canonicalJson(value) }
}

/** The manifest of a package folder, whose files are not looked at. @throws RefitError `package-corrupt`, `package-newer` */
export async function readManifest(folder: string): Promise<PackageManifest> {
  return (await readWithDigest(folder)).manifest
}

/** Like `readManifest`, with the digest. */
export async function readWithDigest(folder: string): Promise<ReadManifest> {
  const path = join(folder, MANIFEST_FILE)
  const bytes = await plainFileBytes(path)
  if (bytes === undefined || bytes > LARGEST_MANIFEST_BYTES) throw refitError('package-corrupt', { reason: 'it has no readable manifest' })
  return parseManifest(await readFile(path, 'utf8'))
}

/**
 * Checks every file of a package folder against its manifest and, where given, the manifest against the digest it
 * should have.
 * @throws RefitError `package-corrupt`, `package-newer`
 */
export async function verifyPackage(folder: string, digest?: string): Promise<PackageManifest> {
  const read = await readWithDigest(folder)
  if (digest !== undefined && read.digest !== digest) throw refitError('package-corrupt', { reason: 'its manifest is another one' })
  for (const file of read.manifest.files) {
    const path = join(folder, file.path)
    const bytes = await plainFileBytes(path)
    const reason = bytes === undefined ? 'missing' : bytes !== file.bytes ? `${bytes} bytes long instead of ${file.bytes}` : undefined
    if (reason !== undefined) throw refitError('package-corrupt', { reason: `its file ${file.path} is ${reason}` })
    if ((await sha256Of(path)) !== file.sha256) throw refitError('package-corrupt', { reason: `its file ${file.path} has another content` })
  }
  return read.manifest
}

/** SHA-256 of a file, in hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Size of a plain file; undefined where there is none, or something else such as a link. */
async function plainFileBytes(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (entry) => (entry.isFile() ? entry.size : undefined),
    () => undefined,
  )
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw refitError('package-corrupt', { reason: 'its manifest is not JSON' }, { cause: error })
  }
}

function formatVersionOf(value: unknown): number {
  const version: unknown = typeof value === 'object' && value !== null && 'formatVersion' in value ? value.formatVersion : undefined
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw refitError('package-corrupt', { reason: 'its manifest names no format version' })
  }
  return version
}

function requireSaneSizes(files: readonly PackageFile[]): void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total > LARGEST_PACKAGE_BYTES) throw refitError('package-corrupt', { reason: `it claims ${total} bytes` })
}

/** Every feature of the model comes from somewhere. */
function requirePrepare({ prepare, signature, files }: PackageManifest): void {
  if (prepare === undefined) return
  if (!files.some(({ path }) => path === PREPARE_FILE)) throw refitError('package-corrupt', { reason: `it has no ${PREPARE_FILE}` })
  const known = new Set([...signature.inputs, ...prepare.outputs].map(({ name }) => name))
  const unknown = prepare.features.find(({ name }) => !known.has(name))
  if (unknown !== undefined) throw refitError('package-corrupt', { reason: `nothing gives its feature ${unknown.name}` })
}
