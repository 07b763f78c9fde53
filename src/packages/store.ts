import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Type, type Static } from 'typebox'
import { RefitError, refitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { MANIFEST_FILE, type PackageManifest } from './manifest.js'
import { LARGEST_MANIFEST_BYTES, parseManifest, readWithDigest, verifyPackage, type ReadManifest } from './read.js'

const MOST_TRIES = 5

/** Object key of the manifest of a package. */
export function manifestObject(digest: string): string {
  return `manifests/${digest}.json`
}

/** A file of a package in an object store that keeps versions. */
export const PackageFileVersion = Type.Object({ path: Type.String(), object: Type.String(), objectVersion: Type.String() })
export type PackageFileVersion = Static<typeof PackageFileVersion>

/** What a store that keeps versions calls a package: its manifest, and each of its files. Both are absent in any other. */
export const PackageVersions = Type.Object({ objectVersion: Type.Optional(Type.String()), files: Type.Optional(Type.Array(PackageFileVersion)) })
export type PackageVersions = Static<typeof PackageVersions>

/** A package in the object store. */
export interface StoredPackage {
  readonly digest: string
  readonly versions: PackageVersions
}

/**
 * Puts a package into the object store. The files come first and the manifest last, so that
 * a manifest which is there can be relied on.
 * @throws RefitError `package-corrupt` when a file is not what the manifest says
 */
export async function storePackage(objects: ObjectStore, folder: string): Promise<StoredPackage> {
  const { manifest, digest } = await readWithDigest(folder)
  const files: PackageFileVersion[] = []
  for (const { path, sha256 } of manifest.files) {
    const stored = await objects.putFile('files', join(folder, path))
    if (stored.version !== undefined) files.push({ path, object: stored.key, objectVersion: stored.version })
    if (stored.sha256 !== sha256) throw refitError('package-corrupt', { reason: `its file ${path} has another content` })
  }
  const { sha256, version } = await objects.putFile('manifests', join(folder, MANIFEST_FILE), '.json')
  // The digest is the hash of the canonical manifest, and so the object's own name.
  if (sha256 !== digest) throw new Error(`manifest stored as ${sha256}, expected ${digest}`)
  return { digest, versions: version === undefined ? {} : { objectVersion: version, files } }
}

/**
 * Makes a package's folder from the object store, whole and verified, or leaves nothing new. A folder that is there
 * already is verified and used; a damaged one is replaced.
 * @throws RefitError `package-corrupt`, `package-newer`, `object-missing`
 */
export async function fetchPackage(objects: ObjectStore, digest: string, folder: string): Promise<PackageManifest> {
  const present = await verifiedOrUndefined(folder, digest)
  if (present !== undefined) return present
  const temporary = `${folder}.${randomUUID()}.tmp`
  try {
    const read = await readStoredManifest(objects, digest)
    await mkdir(temporary, { recursive: true })
    for (const { path, sha256, bytes } of read.manifest.files) {
      const target = join(temporary, path)
      await mkdir(dirname(target), { recursive: true })
      await pipeline(await objects.read(`files/${sha256}`), atMost(bytes, path), createWriteStream(target, { flags: 'wx', flush: true })).catch(asCorrupt(`its file ${path}`))
    }
    await writeFile(join(temporary, MANIFEST_FILE), read.json, { flush: true })
    const manifest = await verifyPackage(temporary, digest)
    await publish(temporary, folder, digest)
    return manifest
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Renaming settles who comes first; a folder that is whole is never touched, for somebody may be reading it. */
async function publish(temporary: string, folder: string, digest: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await rename(temporary, folder)
      break
    } catch (error) {
      if (!isOccupied(error) || tries === MOST_TRIES) throw error
    }
    if ((await verifiedOrUndefined(folder, digest)) !== undefined) return
    const damaged = `${folder}.${randomUUID()}.tmp`
    await rename(folder, damaged).catch(ignoreAbsence)
    await rm(damaged, { recursive: true, force: true })
  }
  const parent = await open(dirname(folder), 'r')
  try {
    await parent.sync()
  } finally {
    await parent.close()
  }
}

function isOccupied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
}

/** Another process may have moved the damaged folder away already. */
function ignoreAbsence(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}

async function verifiedOrUndefined(folder: string, digest: string): Promise<PackageManifest | undefined> {
  try {
    return await verifyPackage(folder, digest)
  } catch (error) {
    if (error instanceof RefitError && error.code === 'package-corrupt') return undefined
    throw error
  }
}

/** What a damaged object means for the package, in whose words nobody knows objects. */
function asCorrupt(part: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof RefitError && error.code === 'object-damaged') throw refitError('package-corrupt', { reason: `${part} is damaged in the object store` }, { cause: error })
    throw error
  }
}

/** The manifest of a package in the object store. @throws RefitError `package-corrupt`, `package-newer`, `object-missing` */
export async function readStoredManifest(objects: ObjectStore, digest: string): Promise<ReadManifest> {
  const read = parseManifest(await readManifestObject(objects, digest))
  if (read.digest !== digest) throw refitError('package-corrupt', { reason: 'its manifest is another one' })
  return read
}

async function readManifestObject(objects: ObjectStore, digest: string): Promise<string> {
  const chunks: Buffer[] = []
  const content = await objects.read(manifestObject(digest))
  await pipeline(content, atMost(LARGEST_MANIFEST_BYTES, 'its manifest'), async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) chunks.push(chunk)
  }).catch(asCorrupt('its manifest'))
  return Buffer.concat(chunks).toString('utf8')
}

/** Stops a stream that gives more than it should before it fills the disk. */
function atMost(bytes: number, name: string): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* limited(source) {
    let seen = 0
    for await (const chunk of source) {
      seen += chunk.length
      if (seen > bytes) throw refitError('package-corrupt', { reason: `${name} is longer than ${bytes} bytes` })
      yield chunk
    }
  }
}
