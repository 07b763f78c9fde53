import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { canonicalJson } from '../define/canonical-json.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { PackageManifest } from './manifest.js'
import { MANIFEST_FILE, parseManifest, readManifest, verifyPackage } from './read.js'

/** Puts a package into the object store, its files first and its manifest last, and returns its digest. */
export async function storePackage(objects: ObjectStore, folder: string): Promise<string> {
  const manifest = await readManifest(folder)
  for (const { path } of manifest.files) await objects.put('files', createReadStream(join(folder, path)))
  // The digest is the hash of the canonical manifest, and so the object's own name.
  const { sha256 } = await objects.put('manifests', Readable.from([canonicalJson(manifest)]), '.json')
  return sha256
}

/**
 * Makes a package's folder from the object store, whole and verified, or leaves nothing. A folder that is there
 * already is verified and used.
 * @throws RefitError `package-corrupt`, `object-missing`
 */
export async function fetchPackage(objects: ObjectStore, digest: string, folder: string): Promise<PackageManifest> {
  const present = await verifyPackage(folder, digest).catch(() => undefined)
  if (present !== undefined) return present
  const temporary = `${folder}.${randomUUID()}`
  try {
    const manifest = parseManifest(await text(await objects.read(`manifests/${digest}.json`)))
    await mkdir(temporary, { recursive: true })
    for (const { path, sha256 } of manifest.files) {
      await mkdir(dirname(join(temporary, path)), { recursive: true })
      await pipeline(await objects.read(`files/${sha256}`), createWriteStream(join(temporary, path)))
    }
    await writeFile(join(temporary, MANIFEST_FILE), canonicalJson(manifest))
    const verified = await verifyPackage(temporary, digest)
    await rm(folder, { recursive: true, force: true })
    await rename(temporary, folder)
    return verified
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
