import { watch, type FSWatcher } from 'node:fs'

/** Each costs the system some memory; where there are more folders, listings alone find what arrives below the others. */
const MOST_WATCHED = 1000

/** Watches on the folders of a listing. */
export interface FolderWatch {
  /** Watches these folders from now on, and no others. */
  follow(folders: readonly string[]): void
  close(): void
}

/**
 * Calls `hint` when something changes in one of the folders. Node's own recursive watch would watch every single file: with
 * 100,000 of them it stands still for seconds and takes hundreds of megabytes.
 */
export function watchFolders(hint: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>()
  let closed = false
  const leave = (folder: string): void => {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }
  const add = (folder: string): void => {
    try {
      const watcher = watch(folder, () => hint())
      watcher.on('error', () => leave(folder))
      watchers.set(folder, watcher)
    } catch {
      // Where the system cannot watch a folder, its listings alone find what arrives.
    }
  }
  return {
    follow: (folders) => {
      if (closed) return
      const wanted = new Set(folders.slice(0, MOST_WATCHED))
      for (const folder of watchers.keys()) if (!wanted.has(folder)) leave(folder)
      for (const folder of wanted) if (!watchers.has(folder)) add(folder)
    },
    close: () => {
      closed = true
      for (const folder of watchers.keys()) leave(folder)
    },
  }
}
