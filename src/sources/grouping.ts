import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { RefitError } from '../errors.js'
import { dropsByManifest, dropsBySuccess, manifestsOf, type ReadManifest } from './complete-drops.js'
import { parseManifest } from './manifest.js'
import type { ListedFile, ListedObject } from './source.js'

/** What says that all files of a drop are there. */
export type Completion = '_SUCCESS' | 'manifest'

const LARGEST_MANIFEST_BYTES = 64 * 1024 ** 2

/**
 * Makes drops of several files of a source's listings. A manifest is read once in each version. `home` is the address of
 * the source's root, with which manifests may name files.
 */
export function groupFiles(complete: Completion, home: string, open: (file: ListedFile) => Promise<Readable>): (listed: readonly ListedFile[]) => Promise<readonly ListedObject[]> {
  let known: ReadonlyMap<string, { readonly version: string; readonly manifest: ReadManifest }> = new Map()
  return async (listed) => {
    if (complete === '_SUCCESS') return dropsBySuccess(listed)
    const read = new Map<string, { readonly version: string; readonly manifest: ReadManifest }>()
    for (const file of manifestsOf(listed)) {
      const before = known.get(file.key)
      read.set(file.key, before?.version === file.version ? before : { version: file.version, manifest: await readManifest(file, open) })
    }
    known = read
    return dropsByManifest(listed, new Map([...read].map(([key, { manifest }]) => [key, manifest])), home)
  }
}

async function readManifest(file: ListedFile, open: (file: ListedFile) => Promise<Readable>): Promise<ReadManifest> {
  if (file.refused !== undefined) return { unreadable: file.refused }
  if (file.bytes > LARGEST_MANIFEST_BYTES) return { unreadable: `it has ${file.bytes} bytes, ${LARGEST_MANIFEST_BYTES} are allowed` }
  try {
    return { entries: parseManifest(await text(await open(file))) }
  } catch (error) {
    // One that changes while it is read is read again in its new version; a source that is away is told as such.
    if (error instanceof RefitError && error.code !== 'source-object-gone') throw error
    return { unreadable: error instanceof Error ? error.message : String(error) }
  }
}
