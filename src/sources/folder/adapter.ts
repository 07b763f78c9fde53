import { createReadStream, existsSync, watch } from 'node:fs'
import { mkdir, readdir, realpath, stat } from 'node:fs/promises'
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
      const present = inside === undefined ? undefined : await objectAt(file, object.key)
      if (inside === undefined || present?.version !== object.version || !inside.startsWith((await realpath(root)) + sep)) {
        throw refitError('source-object-gone', { key: object.key })
      }
      return createReadStream(file)
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
  try {
    const { size, mtimeNs, ino } = await stat(file, { bigint: true })
    return { key, version: `${size}-${mtimeNs}-${ino}`, bytes: Number(size) }
  } catch {
    // It has gone since the folder was read.
    return undefined
  }
}
