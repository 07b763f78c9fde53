import { isUtf8 } from 'node:buffer'
import { stat, type BigIntStats, type Dirent } from 'node:fs'
import { open, readdir, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Readable } from 'node:stream'
import { refitError } from '../errors.js'
import type { ListedFile, Source } from './source.js'

const temporaryNames = /^[.~]|(\.(tmp|part|partial|crdownload|swp)|~)$/i

/** Files of one folder that are asked about at the same time. */
const AT_ONCE = 64

/**
 * The files below a folder, as a source lists and opens them; hidden and temporary ones are left alone. Links are refused:
 * one within the folder leads to what is listed anyway, and any other to what whoever may write here may not give.
 */
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
    const entries = (await entriesOf(folder).catch(prefix === '' ? unreadable : unlessGone)) ?? []
    found.folders.push(folder)
    const names: string[] = []
    const below: string[] = []
    for (const { name, kind } of entries) {
      if (temporaryNames.test(name)) continue
      if (kind === 'file') names.push(name)
      else if (kind === 'folder') below.push(name)
      else found.files.push({ key: `${prefix}${name}`, version: '', bytes: 0, refused: kind.refused })
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

interface Entry {
  /** Bytes that are no UTF-8 stand as `\xNN` in it. */
  readonly name: string
  readonly kind: 'file' | 'folder' | { readonly refused: string }
}

async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  if (!entries.some(({ name }) => name.includes(REPLACED))) return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
  // Some name was not what its bytes are.
  const raw = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  return raw.map((entry) => (isUtf8(entry.name) ? { name: entry.name.toString(), kind: kindOf(entry) } : { name: escaped(entry.name), kind: { refused: 'its name is no UTF-8' } }))
}

/** What stands in place of bytes that are no UTF-8 when they are read as such. */
const REPLACED = '\ufffd'

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): Entry['kind'] {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'folder'
  return { refused: entry.isSymbolicLink() ? 'it is a link' : 'it is no file' }
}

function escaped(name: Buffer): string {
  return [...name].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('')
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
