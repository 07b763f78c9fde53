import { mkdir } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import { Value } from 'typebox/value'
import { groupFiles } from '../grouping.js'
import { localFiles, whenUnreadable } from '../local-files.js'
import type { Source } from '../source.js'
import { options } from './definition.js'
import { watchFolders, type FolderWatch } from './watch-folders.js'

/** The files of a folder of the project, with all its subfolders; or the drops that several of them make. */
export function folderSource(projectFolder: string, given: Readonly<Record<string, unknown>>): Source {
  const { path, complete } = Value.Parse(options, given)
  const root = isAbsolute(path) ? path : join(projectFolder, path)
  const name = `folder:${path}`
  const { list, open } = localFiles(root, name)
  const group = complete === undefined ? undefined : groupFiles(complete, root + sep, open)
  const watches = new Set<FolderWatch>()
  return {
    name,
    appearsWhole: false,
    list: async ({ signal }) => {
      const { files, folders } = await list(signal).catch((error: unknown) => {
        // What comes back under its name is another folder.
        for (const watching of watches) watching.follow([])
        throw error
      })
      for (const watching of watches) watching.follow(folders)
      return group === undefined ? files : group(files)
    },
    open,
    watch: async (hint) => {
      await mkdir(root, { recursive: true }).catch(whenUnreadable(name))
      const watching = watchFolders(hint)
      watching.follow([root])
      watches.add(watching)
      return () => {
        watches.delete(watching)
        watching.close()
        return Promise.resolve()
      }
    },
  }
}
