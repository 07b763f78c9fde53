import { existsSync, watch, type BigIntStats } from 'node:fs'
import { mkdir, open, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { Value } from 'typebox/value'
import { refitError } from '../../errors.js'
import type { ListedObject, Source } from '../source.js'
import { options } from './definition.js'

const temporaryNames = /^[.~]|(\.(tmp|part|partial|crdownload|swp)|~)$/i

/** The files of a folder of the project, with all its subfolders. */
export function folderSource(projectFolder: string, given: Readonly<Record<string, unknown>>): Source {
  const { path } = Value.Parse(options, given)
  const root = isAbsolute(path) ? path : join(projectFolder, path)
  return {
    name: `folder:${path}`,
    list: async (signal) => {
      if (!existsSync(root)) return []
      const listed: ListedObject[] = []
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        signal.throwIfAborted()
        const file = join(entry.parentPath, entry.name)
        const key = relative(root, file).split(sep).join('/')
        if (!entry.isFile() || key.split('/').some((step) => temporaryNames.test(step))) continue
        const object = await objectAt(file, key)
        if (object !== undefined) listed.push(object)
      }
      return listed
    },
    open: async (object) => {
      const file = join(root, ...object.key.split('/'))
      const inside = await realpath(file).catch(() => undefined)
      if (inside === undefined || !inside.startsWith((await realpath(root)) + sep)) throw refitError('source-object-gone', { key: object.key })
      const handle = await open(inside).catch(unlessGone)
      // What is looked at is what will be read, whatever is put in its place meanwhile.
      if (handle === undefined || versionOf(await handle.stat({ bigint: true })) !== object.version) {
        await handle?.close()
        throw refitError('source-object-gone', { key: object.key })
      }
      return handle.createReadStream()
    },
    watch: async (hint) => {
      await mkdir(root, { recursive: true })
      // Where the system cannot watch a folder, its listings alone find what arrives.
      const watcher = watch(root, { recursive: true }, () => hint())
      watcher.on('error', () => undefined)
      return () => {
        watcher.close()
        return Promise.resolve()
      }
    },
  }
}

async function objectAt(file: string, key: string): Promise<ListedObject | undefined> {
  const found = await stat(file, { bigint: true }).catch(unlessGone)
  return found === undefined ? undefined : { key, version: versionOf(found), bytes: Number(found.size) }
}

function versionOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`
}

/** It may have gone since the folder was read; anything else that fails is told. */
function unlessGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
  throw error
}
