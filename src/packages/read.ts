import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Value } from 'typebox/value'
import { digestOf } from '../define/canonical-json.js'
import { refitError } from '../errors.js'
import { PackageManifest } from './manifest.js'

export const MANIFEST_FILE = 'refit.json'

/** Reads a manifest from its text. @throws RefitError `package-corrupt` */
export function parseManifest(json: string): PackageManifest {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw refitError('package-corrupt', { reason: 'its manifest is not JSON' }, { cause: error })
  }
  if (!Value.Check(PackageManifest, value)) throw refitError('package-corrupt', { reason: 'its manifest is not of a known form' })
  for (const { path } of value.files) requireInnerPath(path)
  return value
}

/** @throws RefitError `package-corrupt` */
export async function readManifest(folder: string): Promise<PackageManifest> {
  const json = await readFile(join(folder, MANIFEST_FILE), 'utf8').catch((error: unknown) => {
    throw refitError('package-corrupt', { reason: 'it has no readable manifest' }, { cause: error })
  })
  return parseManifest(json)
}

/**
 * Checks every file of a package folder against its manifest, and the manifest against the digest it should have.
 * @throws RefitError `package-corrupt`
 */
export async function verifyPackage(folder: string, digest: string): Promise<PackageManifest> {
  const manifest = await readManifest(folder)
  if (digestOf(manifest) !== digest) throw refitError('package-corrupt', { reason: 'its manifest is another one' })
  for (const file of manifest.files) {
    const path = join(folder, file.path)
    const isPlainFile = await lstat(path).then((entry) => entry.isFile(), () => false)
    if (!isPlainFile || (await sha256Of(path)) !== file.sha256) throw refitError('package-corrupt', { reason: `its file ${file.path} is missing or another one` })
  }
  return manifest
}

/** SHA-256 of a file, in hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function requireInnerPath(path: string): void {
  const steps = path.split('/')
  const plain = steps.every((step) => step !== '' && step !== '.' && step !== '..' && !step.includes('\\') && !step.includes('\0'))
  if (!plain || path === MANIFEST_FILE) throw refitError('package-corrupt', { reason: `it names a file outside itself (${path})` })
}
