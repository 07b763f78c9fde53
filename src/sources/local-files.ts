import { stat, type BigIntStats } from 'node:fs'
import { open, readdir, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Readable } from 'node:stream'
import { refitError } from '../errors.js'
import type { ListedFile, Source } from './source.js'

const temporaryNames = /^[.~]|(\.(tmp|part|partial|crdownload|swp)|~)$/i

/** Files of one folder that are asked about at the same time. */
const AT_ONCE = 64

/** The files below a folder, as a source lists and opens them; hidden and temporary ones are left alone. */
export interface LocalFiles {
  /** Also gives the paths of the folders, the root first. @throws RefitError `source-unreadable` */
  list(signal: AbortSignal): Promise<{ readonly files: readonly ListedFile[]; readonly folders: readonly string[] }>
  readonly open: Source['open']
}

/** `source` names the source in errors. */
export function localFiles(root: string, source: string): LocalFiles {
  const unreadable = whenUnreadable(source)

  const walk = async (folder: string, prefix: string, found: { readonly files: ListedFile[]; readonly folders: string[] }, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    // Only the root has to be there: what lies below may go while it is looked at.
    const entries = (await readdir(folder, { withFileTypes: true }).catch(prefix === '' ? unreadable : unlessGone)) ?? []
    found.folders.push(folder)
    const names: string[] = []
    const below: string[] = []
    for (const entry of entries) {
      if (temporaryNames.test(entry.name)) continue
      if (entry.isFile()) names.push(entry.name)
      else if (entry.isDirectory()) below.push(entry.name)
    }
    for (let start = 0; start < names.length; start += AT_ONCE) {
      signal.throwIfAborted()
      const listed = await Promise.all(names.slice(start, start + AT_ONCE).map((name) => fileAt(`${folder}${sep}${name}`, `${prefix}${name}`)))
      for (const file of listed) if (file !== undefined) found.files.push(file)
    }
    for (const name of below) await walk(`${folder}${sep}${name}`, `${prefix}${name}/`, found, signal)
  }

  return {
    list: async (signal) => {
      const found = { files: [], folders: [] }
      await walk(root, '', found, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        return unreadable(error)
      })
      return found
    },
    open: async ({ key, version }) => {
      const file = join(root, ...key.split('/'))
      const inside = await realpath(file).catch(() => undefined)
      if (inside === undefined || !inside.startsWith((await realpath(root).catch(unreadable)) + sep)) throw refitError('source-object-gone', { key })
      const handle = await open(inside).catch(unlessGone).catch(unreadable)
      // What is looked at is what will be read, whatever is put in its place meanwhile.
      const opened = await handle?.stat({ bigint: true })
      if (handle === undefined || opened === undefined || versionOf(opened) !== version) {
        await handle?.close()
        throw refitError('source-object-gone', { key })
      }
      return Readable.from(unchanged(handle, opened, key), { objectMode: false })
    },
  }
}

/** What the file system says must not be taken for an outage of the database, whose codes are the same. */
export function whenUnreadable(source: string): (error: unknown) => never {
  return (error) => {
    throw refitError('source-unreadable', { source, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

/** A file's bytes, refused at their end if it was written meanwhile: half of one content and half of another is no drop. */
async function* unchanged(handle: FileHandle, opened: BigIntStats, key: string): AsyncGenerator<Buffer> {
  try {
    yield* handle.createReadStream({ autoClose: false })
    const { size, mtimeNs } = await handle.stat({ bigint: true })
    // Not its ctime: a file that was replaced meanwhile is still the whole of what was listed.
    if (size !== opened.size || mtimeNs !== opened.mtimeNs) throw refitError('source-object-gone', { key })
  } finally {
    await handle.close()
  }
}

/** With a callback: a promise for each of a hundred thousand files costs more than the asking. */
function fileAt(path: string, key: string): Promise<ListedFile | undefined> {
  return new Promise((resolve, reject) => {
    stat(path, { bigint: true }, (error, found) => {
      if (error === null) resolve({ key, version: versionOf(found), bytes: Number(found.size) })
      else if (isGone(error)) resolve(undefined)
      else reject(error)
    })
  })
}

/** A former file put back with its time (`cp -p`, `mv`) differs in ctime alone. */
function versionOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ctimeNs}-${ino}`
}

/** It may have gone since its folder was read; anything else that fails is told. */
function unlessGone(error: unknown): undefined {
  if (isGone(error)) return undefined
  throw error
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
