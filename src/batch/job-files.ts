import { constants, createWriteStream } from 'node:fs'
import { open, realpath, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { refitError } from '../errors.js'
import { isInnerPath } from '../packages/inner-path.js'
import { requireAbsent } from './publish.js'

/** The folder of a project below which batch jobs read and write, and nowhere else. It may be a link, of whoever owns the project. */
export const BATCH_FOLDER = 'batch'

/**
 * Requires that a path, however it is decoded, names something below the folder for batch files, and nothing hidden:
 * what Refit keeps aside there begins with a dot.
 * @throws RefitError `batch-path-refused`
 */
export function requireJobPath(path: string): void {
  if (!isInnerPath(path)) throw refused(path, 'it leads out of the folder for batch files')
  if (path.split('/').some((step) => step.startsWith('.'))) throw refused(path, 'it names something hidden')
}

/**
 * Opens an input of a job: a plain file that lies below the folder for batch files once every link is followed. What is
 * asked is what has been opened, so that nobody can put another file in its place between the question and the reading.
 * @throws RefitError `batch-path-refused`, `file-unreadable`
 */
export async function openJobInput(projectFolder: string, path: string): Promise<FileHandle> {
  requireJobPath(path)
  const root = await realRoot(projectFolder, path)
  // A pipe would keep whoever opens it waiting for ever.
  const handle = await open(join(projectFolder, BATCH_FOLDER, path), constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refitError('file-unreadable', { file: join(BATCH_FOLDER, path), reason: reasonOf(error) }, { cause: error })
  })
  try {
    if (!(await realpath(`/proc/self/fd/${handle.fd}`)).startsWith(root + sep)) throw refused(path, 'it leads out of the folder for batch files')
    if (!(await handle.stat()).isFile()) throw refused(path, 'it is no plain file')
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Copies an input of a job, as it is at this moment: from then on nothing that happens to it changes what is scored.
 * @throws RefitError `batch-path-refused`, `file-unreadable`
 */
export async function copyJobInput(projectFolder: string, path: string, copy: string, signal: AbortSignal): Promise<void> {
  const handle = await openJobInput(projectFolder, path)
  // Closes the handle, too.
  await pipeline(handle.createReadStream(), createWriteStream(`${copy}.tmp`, { flush: true }), { signal })
  await rename(`${copy}.tmp`, copy)
}

/** Where an output of a job comes to lie, and where it is written first, on the same file system. */
export interface OutputPlace {
  readonly path: string
  readonly temporary: string
}

/**
 * Where an output of a job may be written: in a folder that is there, below the one for batch files once every link is
 * followed. A link under the output's own name is never followed, for it is replaced and not written through.
 * @throws RefitError `batch-path-refused`, `file-unwritable`
 */
export async function outputPlace(projectFolder: string, path: string, job: string): Promise<OutputPlace> {
  requireJobPath(path)
  const root = await realRoot(projectFolder, path)
  const folder = await realpath(dirname(join(projectFolder, BATCH_FOLDER, path))).catch((error: unknown) => {
    throw refitError('file-unwritable', { file: join(BATCH_FOLDER, path), reason: reasonOf(error) }, { cause: error })
  })
  if (folder !== root && !folder.startsWith(root + sep)) throw refused(path, 'it leads out of the folder for batch files')
  return { path: join(folder, basename(path)), temporary: join(folder, `.${basename(path)}.${job}`) }
}

/** Requires what a job needs to be there while somebody waits for the answer. @throws RefitError `batch-path-refused`, `file-unreadable`, `file-unwritable`, `output-exists` */
export async function requireJobFiles(projectFolder: string, { input, output, overwrite }: { readonly input: string; readonly output: string; readonly overwrite: boolean }): Promise<void> {
  await (await openJobInput(projectFolder, input)).close()
  const place = await outputPlace(projectFolder, output, 'new')
  if (!overwrite) {
    await requireAbsent(place.path).catch(() => {
      throw refitError('output-exists', { file: join(BATCH_FOLDER, output) })
    })
  }
}

/** Removes what a job has written aside. */
export async function removeTemporary(projectFolder: string, path: string, job: string): Promise<void> {
  const place = await outputPlace(projectFolder, path, job).catch(() => undefined)
  if (place !== undefined) await rm(place.temporary, { force: true })
}

async function realRoot(projectFolder: string, path: string): Promise<string> {
  return realpath(join(projectFolder, BATCH_FOLDER)).catch((error: unknown) => {
    throw refused(path, `the project has no folder ${BATCH_FOLDER}`, error)
  })
}

function refused(path: string, reason: string, cause?: unknown): Error {
  return refitError('batch-path-refused', { path: JSON.stringify(path.slice(0, 200)), reason }, { cause })
}

/** The reason by its name: the words of the system have whole paths in them. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
      return 'it is not there.'
    case 'EACCES':
    case 'EPERM':
      return 'Refit may not.'
    default:
      return typeof code === 'string' ? code : String(error)
  }
}
