import { PassThrough, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { pack, type Pack } from 'tar-stream'
import type { ObjectStore } from '../objects/object-store.js'
import { MANIFEST_FILE } from './manifest.js'
import { parseManifest } from './read.js'
import { manifestObject } from './store.js'

/**
 * A package of the object store as a tar archive, with the texts that go along beside its files. Every file is compared
 * with its hash while it is read; where one is damaged the archive breaks off.
 */
export async function packageArchive(objects: ObjectStore, digest: string, beside: Readonly<Record<string, string>>): Promise<Readable> {
  const json = await text(await objects.read(manifestObject(digest)))
  const { files } = parseManifest(json).manifest
  const archive = pack()
  const write = async (): Promise<void> => {
    for (const [name, content] of [...Object.entries(beside), [MANIFEST_FILE, json] as const]) archive.entry({ name }, content)
    for (const { path, sha256, bytes } of files) await addFile(archive, { name: path, size: bytes }, await objects.read(`files/${sha256}`))
    archive.finalize()
  }
  write().catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
  const content = new PassThrough()
  // What breaks the archive breaks off whoever reads it.
  pipeline(archive, content).catch(() => undefined)
  return content
}

async function addFile(archive: Pack, header: { readonly name: string; readonly size: number }, content: Readable): Promise<void> {
  await pipeline(content, archive.entry(header))
}
