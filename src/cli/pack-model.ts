import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { TRAINED_ON_PREFIX } from '../api/wire/adoption.js'
import { refitError } from '../errors.js'

interface Entry {
  readonly name: string
  readonly file: string
  readonly bytes: number
}

/**
 * A model's folder or file as a tar archive, with the rows that it was trained on beside it. What cannot be read is told before
 * anything is sent.
 * @throws RefitError `file-unreadable`
 */
export async function packModel(path: string, trainedOn: string | undefined): Promise<{ readonly content: Readable; readonly bytes: number }> {
  const entries = await entriesOf(path)
  if (trainedOn !== undefined) entries.push({ name: `${TRAINED_ON_PREFIX}${extname(trainedOn).slice(1).toLowerCase() || 'csv'}`, file: trainedOn, bytes: await plainFileBytes(trainedOn) })
  const archive = pack()
  const write = async (): Promise<void> => {
    for (const { name, file, bytes } of entries) await pipeline(createReadStream(file), archive.entry({ name, size: bytes }))
    archive.finalize()
  }
  write().catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
  const content = new PassThrough()
  pipeline(archive, content).catch(() => undefined)
  return { content, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) }
}

async function entriesOf(path: string): Promise<Entry[]> {
  const found = await lstat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (!found.isDirectory()) return [{ name: basename(path), file: path, bytes: await plainFileBytes(path) }]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(files.toSorted().map(async (file) => ({ name: relative(path, file).split(sep).join('/'), file, bytes: await plainFileBytes(file) })))
}

async function plainFileBytes(file: string): Promise<number> {
  const found = await lstat(file).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  if (!found.isFile()) throw refitError('file-unreadable', { file, reason: 'it is no plain file' })
  return found.size
}

function unreadable(file: string, error: unknown): Error {
  return refitError('file-unreadable', { file, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
}
