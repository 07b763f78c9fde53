import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { pathInStore } from '../tracking/artifact-path.js'
import { openDestination } from './destination.js'
import { Passing, type Server } from './exchange.js'
import { filesBelow, openFile, type ListedFile } from './files.js'
import { storedFolder } from './served-folder.js'

/**
 * The model folder of a version that was brought as a tar archive, as `refit adopt` sends it: from Refit's own store, so that
 * what is checked is what was brought.
 * @returns undefined where its files were not brought
 * @throws RefitError as `ask`
 */
export async function championArchive(refit: Server, name: string, number: number, signal: AbortSignal): Promise<Readable | undefined> {
  const root = pathInStore(await openDestination(refit, signal).location(name, number))
  // Files in another store were not brought.
  if (root === undefined || root === '') return undefined
  const folder = storedFolder(root)
  const files: ListedFile[] = []
  for await (const file of filesBelow(refit, folder, () => undefined, signal)) files.push(file)
  if (files.length === 0) return undefined
  const archive = pack()
  const write = async (): Promise<void> => {
    for (const { path, bytes } of files) {
      const opened = await openFile(refit, folder, path, signal)
      if (!opened.ok) throw opened.failure
      await pipeline(opened.message, archive.entry({ name: path, size: bytes ?? 0 }))
    }
    archive.finalize()
  }
  write().catch((error: unknown) => {
    const failure = error instanceof Passing ? error.failure : error
    archive.destroy(failure instanceof Error ? failure : new Error(String(failure)))
  })
  const content = new PassThrough()
  pipeline(archive, content).catch(() => undefined)
  return content
}
