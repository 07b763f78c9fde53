import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Static } from 'typebox'
import { RefitError } from '../errors.js'
import { below, checkArtifactPath, type ArtifactPath } from '../tracking/artifact-path.js'
import { FilesAnswer, numberOf } from './answers.js'
import { away, exchange, patiently, type Answer, type Server } from './exchange.js'
import { FILES } from './file-place.js'
import { ask, askWhether, unexpected, withQuery } from './messages.js'
import { storedFile, type ServedFolder } from './served-folder.js'

/** A file by its path below the folder that was listed. */
export interface ListedFile {
  readonly path: ArtifactPath
  /** Undefined: the server does not tell. */
  readonly bytes: number | undefined
}

/** Why a file was not taken. */
export interface NotBrought {
  readonly failure: RefitError
  /** `lasting`: it would not be taken another time either; `own`: a server fails at this one; `general`: it may be so with all of them. */
  readonly kind: 'lasting' | 'own' | 'general'
}

/** What is more is no folder of a model but a server that goes on for ever. */
const MOST_FOLDERS = 100_000
const MOST_FILES = 1_000_000
const MOST_FILE_BYTES = 256 * 1024 ** 3

/** Every file below a folder; of those whose path is not taken `refused` is told. @throws RefitError as `ask` */
export async function* filesBelow(server: Server, served: ServedFolder, refused: (path: string) => void, signal: AbortSignal): AsyncGenerator<ListedFile> {
  const { root, called } = served
  const folders: ArtifactPath[] = [checkArtifactPath('')]
  let seenFolders = 0
  let seenFiles = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    seenFolders += 1
    const what = `the list of files in ${called}${folder === '' ? '' : `/${folder}`}`
    const { files = [] } = await listed(server, served, folder, what, signal)
    seenFiles += files.length
    if (seenFolders > MOST_FOLDERS || seenFiles > MOST_FILES) throw unexpected(server, what, `there are more than ${MOST_FOLDERS} folders or ${MOST_FILES} files`)
    const before = folder === '' ? '' : `${folder}/`
    for (const { path: told, is_dir: isFolder = false, file_size: bytes } of files) {
      // Who tells of what lies elsewhere is not followed there.
      const name = !served.namesAreWhole ? told : told.startsWith(before) ? told.slice(before.length) : ''
      const path = taken(root, folder, name)
      if (path === undefined) refused(served.namesAreWhole ? told : `${before}${told}`)
      else if (isFolder) folders.push(path)
      else yield { path, bytes: numberOf(bytes) }
    }
  }
}

async function listed(server: Server, served: ServedFolder, folder: ArtifactPath, what: string, signal: AbortSignal): Promise<Static<typeof FilesAnswer>> {
  const question = { method: 'GET', path: served.listing(folder), what } as const
  // Of a logged model that is deleted MLflow's server has nothing to list.
  return served.namesAreWhole ? ((await askWhether(server, question, FilesAnswer, signal)) ?? {}) : ask(server, question, FilesAnswer, signal)
}

/** Names and sizes of what is in one folder. @throws RefitError as `ask` */
export async function sizesIn(server: Server, folder: ArtifactPath, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const { files = [] } = await ask(server, { method: 'GET', path: withQuery(FILES, { path: folder }), what: `the list of files in ${folder}` }, FilesAnswer, signal)
  return new Map(files.flatMap(({ path, is_dir: isFolder = false, file_size: bytes }) => (isFolder || bytes === undefined ? [] : [[path, Number(bytes)] as const])))
}

/** Opens a file. @throws Passing as `exchange` */
export async function openFile(server: Server, folder: ServedFolder, path: ArtifactPath, signal: AbortSignal): Promise<Answer> {
  return exchange(server, { method: 'GET', path: folder.file(path), what: `the file ${folder.called}/${path}` }, signal)
}

/**
 * Takes a file from one server to the other as it comes, never whole in memory. It is there when all of it has arrived, or not
 * at all.
 * @returns its bytes, or why it is not there
 * @throws RefitError when one of the servers cannot be reached
 */
export async function bringFile(from: Server, folder: ServedFolder, there: ArtifactPath, to: Server, here: ArtifactPath, signal: AbortSignal): Promise<number | NotBrought> {
  try {
    return await patiently(async () => {
      const opened = await openFile(from, folder, there, signal)
      if (!opened.ok) return notBrought(opened)
      const { message } = opened
      let bytes = 0
      let brokenOff: unknown
      const counted = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          bytes += chunk.length
          done(bytes > MOST_FILE_BYTES ? unexpected(from, there, 'it goes on and on') : undefined, chunk)
        },
      })
      message.on('error', (error) => {
        // Otherwise it was ended by what it flows into.
        if (!counted.destroyed) brokenOff = error
      })
      const flowing = pipeline(message, counted).catch(() => undefined)
      try {
        const put = await exchange(to, { method: 'PUT', path: storedFile(here), what: `the file ${here}`, body: counted }, signal)
        if (!put.ok) return notBrought(put)
        put.message.resume()
        return bytes
      } catch (error) {
        if (brokenOff !== undefined && !signal.aborted) throw away(from, brokenOff)
        throw error
      } finally {
        await flowing
      }
    }, signal)
  } catch (error) {
    // A file that a server fails at is told of; one that cannot be reached ends the import.
    if (error instanceof RefitError && error.code === 'import-server-refused') return { failure: error, kind: 'general' }
    throw error
  }
}

/** What is not there, or not in a form that is taken, will not be the next time. */
const LASTING_STATUSES: ReadonlySet<number> = new Set([400, 404, 410, 413, 414])

function notBrought({ status, failure }: Extract<Answer, { ok: false }>): NotBrought {
  if (LASTING_STATUSES.has(status)) return { failure, kind: 'lasting' }
  // MLflow's own server fails so at names with letters beyond ASCII, each time.
  return { failure, kind: status === 500 ? 'own' : 'general' }
}

/** The path of a name in a folder; undefined where it is none, or leads elsewhere. */
function taken(root: ArtifactPath, folder: ArtifactPath, name: string): ArtifactPath | undefined {
  if (name === '' || name.includes('/')) return undefined
  try {
    const path = checkArtifactPath(folder === '' ? name : `${folder}/${name}`)
    // What is normalised away would be another file.
    return path === (folder === '' ? name : `${folder}/${name}`) && checkArtifactPath(below(root, path)) !== '' ? path : undefined
  } catch (error) {
    if (error instanceof RefitError && error.code === 'tracking-invalid') return undefined
    throw error
  }
}
