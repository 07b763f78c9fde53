import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { startTimeOf } from '../processes/proc.js'
import type { SpoolHead } from './logged-answer.js'

/** Files to which a process writes what it logs; each is read when it is closed. */
export interface Spool {
  /**
   * Appends lines, which are on the disk when this resolves. Rejects where they could not be written; what stands in the file
   * by then stays.
   * @throws Error of the file system; SpoolFull
   */
  append(head: SpoolHead, lines: string): Promise<void>
  /** Closes what is old or large enough to be read. */
  closeRipe(): Promise<void>
  /** Closes everything. */
  close(): Promise<void>
}

/** What waits to be taken from the disk takes up all that it may. */
export class SpoolFull extends Error {}

export interface SpoolOptions {
  readonly folder: string
  readonly now: () => number
  /** What waits there may take so much, bytes: of all processes together. Default 1 GB. */
  readonly mostBytes?: number
}

const OPEN = '.ndjson.open'
const CLOSED = '.ndjson'
const MOST_BYTES = 1_000_000_000
const RIPE_BYTES = 16_000_000
const RIPE_MS = 5000
/** How often it is looked how much waits. */
const MEASURE_EVERY_MS = 5000

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly since: number
  bytes: number
}

/** Writes into a folder that several processes share, and makes it where it is not there. */
export async function openSpool({ folder, now, mostBytes = MOST_BYTES }: SpoolOptions): Promise<Spool> {
  const prefix = `${process.pid}-${(await startTimeOf(process.pid)) ?? '0'}`
  const files = new Map<string, OpenFile>()
  let waiting = 0
  let measuredAt = -Infinity

  const requireRoom = async (bytes: number): Promise<void> => {
    if (now() - measuredAt >= MEASURE_EVERY_MS) {
      waiting = await bytesSpooled(folder)
      measuredAt = now()
    }
    if (waiting + bytes > mostBytes) throw new SpoolFull(`${waiting} bytes of logged predictions wait in ${folder}`)
    waiting += bytes
  }
  const begin = async (head: string): Promise<OpenFile> => {
    await mkdir(folder, { recursive: true })
    const path = join(folder, `${prefix}-${randomUUID()}${OPEN}`)
    const handle = await open(path, 'ax')
    try {
      await handle.appendFile(`${head}\n`)
    } catch (error) {
      // A full disk is tried again each second: no handle and no file may be left each time.
      await handle.close().catch(() => undefined)
      await rm(path, { force: true })
      throw error
    }
    return { handle, path, since: now(), bytes: 0 }
  }
  const closeFile = async (head: string, { handle, path }: OpenFile): Promise<void> => {
    files.delete(head)
    await handle.close()
    await rename(path, `${path.slice(0, -OPEN.length)}${CLOSED}`)
  }
  return {
    append: async (head, lines) => {
      const bytes = Buffer.byteLength(lines)
      await requireRoom(bytes)
      const name = JSON.stringify(head)
      const file = files.get(name) ?? (await begin(name))
      files.set(name, file)
      try {
        await file.handle.appendFile(lines)
        await file.handle.datasync()
      } catch (error) {
        // It may end within a line: nothing is to come behind that.
        await closeFile(name, file).catch(() => undefined)
        throw error
      }
      file.bytes += bytes
    },
    closeRipe: async () => {
      for (const [head, file] of files) if (file.bytes >= RIPE_BYTES || now() - file.since >= RIPE_MS) await closeFile(head, file)
    },
    close: async () => {
      for (const [head, file] of files) await closeFile(head, file)
    },
  }
}

/**
 * The files that can be read: those that are closed, and, closed by this, those whose process has died. The last line of
 * such a one may be half a line.
 */
export async function closedFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(noneYet)
  const closed: string[] = []
  for (const name of names) {
    if (name.endsWith(CLOSED)) closed.push(join(folder, name))
    if (!name.endsWith(OPEN) || (await isWriting(name))) continue
    const path = join(folder, `${name.slice(0, -OPEN.length)}${CLOSED}`)
    // Its process may have closed it just before it ended.
    const renamed = await rename(join(folder, name), path).then(() => true, noFile)
    if (renamed) closed.push(path)
  }
  return closed.toSorted()
}

/** Takes a file away that has been read. */
export async function removeSpooled(path: string): Promise<void> {
  await rm(path, { force: true })
}

async function isWriting(name: string): Promise<boolean> {
  const [pid = '', startTime] = name.split('-')
  return (await startTimeOf(Number(pid))) === startTime
}

/** What waits in the folder to be taken, bytes. */
export async function bytesSpooled(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder).catch(noneYet)).map(async (name) => stat(join(folder, name)).then(({ size }) => size, () => 0)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function noneYet(error: unknown): string[] {
  noFile(error)
  return []
}

/** False where there is no such file; every other failure is told. */
function noFile(error: unknown): false {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
  throw error
}
