import { watch, type BigIntStats } from 'node:fs'
import { mkdir, open, readdir, realpath, stat, type FileHandle } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import { Value } from 'typebox/value'
import { refitError } from '../../errors.js'
import { groupFiles } from '../grouping.js'
import type { ListedFile, Source } from '../source.js'
import { options } from './definition.js'

const temporaryNames = /^[.~]|(\.(tmp|part|partial|crdownload|swp)|~)$/i

/** The files of a folder of the project, with all its subfolders; or the drops that several of them make. */
export function folderSource(projectFolder: string, given: Readonly<Record<string, unknown>>): Source {
  const { path, complete } = Value.Parse(options, given)
  const root = isAbsolute(path) ? path : join(projectFolder, path)
  const name = `folder:${path}`
  /** What the file system says must not be taken for an outage of the database, whose codes are the same. */
  const unreadable = (error: unknown): never => {
    throw refitError('source-unreadable', { source: name, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }

  const list = async (signal: AbortSignal): Promise<readonly ListedFile[]> => {
    const listed: ListedFile[] = []
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(unreadable)) {
      signal.throwIfAborted()
      const file = join(entry.parentPath, entry.name)
      const key = relative(root, file).split(sep).join('/')
      if (!entry.isFile() || key.split('/').some((step) => temporaryNames.test(step))) continue
      const object = await fileAt(file, key).catch(unreadable)
      if (object !== undefined) listed.push(object)
    }
    return listed
  }

  const openFile: Source['open'] = async ({ key, version }) => {
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
  }

  const group = complete === undefined ? undefined : groupFiles(complete, root + sep, openFile)
  return {
    name,
    appearsWhole: false,
    list: async ({ signal }) => {
      const files = await list(signal)
      return group === undefined ? files : group(files)
    },
    open: openFile,
    watch: async (hint) => {
      await mkdir(root, { recursive: true }).catch(unreadable)
      try {
        const watcher = watch(root, { recursive: true }, () => hint())
        watcher.on('error', () => undefined)
        return () => {
          watcher.close()
          return Promise.resolve()
        }
      } catch {
        // Where the system cannot watch a folder, its listings alone find what arrives.
        return () => Promise.resolve()
      }
    },
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

async function fileAt(file: string, key: string): Promise<ListedFile | undefined> {
  const found = await stat(file, { bigint: true }).catch(unlessGone)
  return found === undefined ? undefined : { key, version: versionOf(found), bytes: Number(found.size) }
}

/** A former file put back with its time (`cp -p`, `mv`) differs in ctime alone. */
function versionOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ctimeNs}-${ino}`
}

/** It may have gone since the folder was read; anything else that fails is told. */
function unlessGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
  throw error
}
