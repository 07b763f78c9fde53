import { posix } from 'node:path'
import type { ManifestEntry } from './manifest.js'
import type { ListedFile, ListedObject } from './source.js'

/** The file that a Hadoop or Spark job leaves when all others are there. */
const SUCCESS = '_SUCCESS'
/** What a drop that lies at the root of its source is called. */
const ROOT = '.'
const manifestName = /(^|[._-])manifest(\.json)?$/i
const partition = /^[^=]+=/

/** A manifest as far as it could be read. */
export type ReadManifest = { readonly entries: readonly ManifestEntry[] } | { readonly unreadable: string }

/**
 * The drops of a listing in which a folder is a drop, complete with its `_SUCCESS`. The version is that of `_SUCCESS`:
 * what changes is a new delivery when it has been written again. Files in partition folders (`colour=red/`) belong to
 * the folder above; hidden ones, and those that begin with `_`, are no data.
 */
export function dropsBySuccess(listed: readonly ListedFile[]): readonly ListedObject[] {
  const markers = new Map(listed.flatMap((file) => (posix.basename(file.key) === SUCCESS ? [[posix.dirname(file.key), file] as const] : [])))
  const files = new Map<string, ListedFile[]>([...markers.keys()].map((folder) => [folder, []]))
  for (const file of listed) {
    if (!isData(file.key)) continue
    const folder = dropFolderOf(file.key, (candidate) => markers.has(candidate))
    const others = files.get(folder)
    if (others === undefined) files.set(folder, [file])
    else others.push(file)
  }
  return [...files].map(([folder, data]) => {
    const marker = markers.get(folder)
    if (marker === undefined) return waiting(folder, `${SUCCESS}, which says that it is complete`)
    const refused = [marker, ...data].find((file) => file.refused !== undefined)
    if (refused !== undefined) return waiting(folder, inPlaceOf(refused.key, refused.refused))
    return data.length === 0 ? waiting(folder, `a file of data beside ${SUCCESS}`) : drop(folder, marker, data)
  })
}

/** The manifests of a listing: their content is needed to tell its drops. */
export function manifestsOf(listed: readonly ListedFile[]): readonly ListedFile[] {
  return listed.filter(({ key }) => manifestName.test(posix.basename(key)))
}

/**
 * The drops of a listing in which each manifest names the files of one, by the key of the manifest. The drop has the
 * version of its manifest, and the key of the folder where that is called `manifest.json`, its own key otherwise.
 * `home` is the address of the source's root, with which files may be named too.
 */
export function dropsByManifest(listed: readonly ListedFile[], manifests: ReadonlyMap<string, ReadManifest>, home: string): readonly ListedObject[] {
  const byKey = new Map(listed.map((file) => [file.key, file]))
  const named = new Set<string>()
  const folders = new Set<string>()
  const drops = manifestsOf(listed).map((manifest) => {
    const folder = posix.dirname(manifest.key)
    folders.add(folder)
    const key = posix.basename(manifest.key) === 'manifest.json' && folder !== ROOT ? folder : manifest.key
    const read = manifests.get(manifest.key)
    if (read === undefined || 'unreadable' in read) return waiting(key, `a manifest that can be read: ${read?.unreadable ?? 'it has gone'}`)
    const found = read.entries.map((entry) => ({ entry, file: fileNamed(entry.name, folder, home, byKey) }))
    for (const { file } of found) if (file !== undefined) named.add(file.key)
    const missing = found.flatMap(({ entry, file }) => missingOf(entry, file))
    const files = found.flatMap(({ entry, file }) => (file === undefined ? [] : [{ ...file, ...(entry.sha256 === undefined ? {} : { declaredSha256: entry.sha256 }) }]))
    const [first, ...others] = missing
    if (first !== undefined) return waiting(key, others.length === 0 ? first : `${first}, and ${others.length} more`)
    return files.length === 0 ? waiting(key, 'any of the files that its manifest names') : drop(key, manifest, files)
  })
  return [...drops, ...withoutManifest(listed, named, folders)]
}

/** Folders whose files no manifest names, and that have none themselves. */
function withoutManifest(listed: readonly ListedFile[], named: ReadonlySet<string>, folders: ReadonlySet<string>): readonly ListedObject[] {
  const waitingFolders = new Set<string>()
  for (const { key } of listed) {
    const folder = dropFolderOf(key, (candidate) => folders.has(candidate))
    if (!named.has(key) && !folders.has(folder) && isData(key)) waitingFolders.add(folder)
  }
  return [...waitingFolders].map((folder) => waiting(folder, 'a manifest that names its files'))
}

/** The folder that a file is part of: its own, or one above it as long as only partitions lie between. */
function dropFolderOf(key: string, isDrop: (folder: string) => boolean): string {
  let folder = posix.dirname(key)
  while (!isDrop(folder) && partition.test(posix.basename(folder))) folder = posix.dirname(folder)
  return folder
}

function isData(key: string): boolean {
  return !key.split('/').some((step) => step.startsWith('_') || step.startsWith('.')) && !manifestName.test(posix.basename(key))
}

/** An address of elsewhere means the file of the same name, with as many folders as fit, beside the manifest. */
function fileNamed(name: string, folder: string, home: string, byKey: ReadonlyMap<string, ListedFile>): ListedFile | undefined {
  const direct = name.startsWith(home) ? [name.slice(home.length)] : [posix.join(folder, name), posix.normalize(name)]
  const steps = /^[a-z][a-z0-9+.-]*:\/\//i.test(name) ? name.split('/').slice(3) : []
  const suffixes = steps.map((_, index) => posix.join(folder, ...steps.slice(index)))
  for (const key of [...direct, ...suffixes]) {
    const file = byKey.get(key)
    if (file !== undefined) return file
  }
  return undefined
}

function missingOf(entry: ManifestEntry, file: ListedFile | undefined): readonly string[] {
  if (file === undefined) return entry.optional ? [] : [entry.name]
  if (file.refused !== undefined) return [inPlaceOf(entry.name, file.refused)]
  return entry.bytes === undefined || entry.bytes === file.bytes ? [] : [`${entry.name} with ${entry.bytes} bytes (it has ${file.bytes})`]
}

/** Without it the drop would lack rows, and nobody could tell. */
function inPlaceOf(file: string, refused: string | undefined): string {
  return `a file in place of ${file}, which is not taken: ${refused ?? ''}`
}

function drop(key: string, completedBy: ListedFile, files: readonly ListedFile[]): ListedObject {
  const sorted = [...new Map(files.map((file) => [file.key, file])).values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return { key, version: completedBy.version, bytes: sorted.reduce((sum, { bytes }) => sum + bytes, 0), files: sorted }
}

function waiting(key: string, waitsFor: string): ListedObject {
  return { key, version: '', bytes: 0, waitsFor }
}
