import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { RefitError } from '../errors.js'
import { hashOfFile, objectKey } from '../objects/key.js'
import type { ObjectStore } from '../objects/object-store.js'
import { SpoolHead } from '../predictions/logged-answer.js'
import { closedFiles, removeSpooled } from '../predictions/spool.js'
import { BrokenChild, runChildJob } from '../processes/child-job.js'
import { addFile, beginUpload, takenSpools } from './files.js'
import { Shipped, type ShipInput } from './ship-job.js'

/** What shipping works with. */
export interface ShipRooms {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  /** Where serving writes. */
  readonly spoolFolder: string
  /** REFIT_PROCESS of the child. */
  readonly token: string
  readonly log: { warn(message: string): void }
}

const LIMITS = { milliseconds: 5 * 60_000, memoryBytes: 1_000_000_000 }
/** Of one Parquet file; what is more comes into the next. */
const MOST_BYTES_AT_ONCE = 64_000_000
const MOST_FILES_AT_ONCE = 1000
const PREFIX = 'predictions'
const ENDING = '.parquet'
const CHUNK_BYTES = 64 * 1024

interface SpooledFile {
  readonly path: string
  readonly head: SpoolHead
  readonly bytes: number
}

/**
 * Brings everything that serving has closed into the object store: object, then the transaction that names it, then the
 * spooled files go. Whoever dies in between leaves what is done over, without a row twice.
 * @throws RefitError of the object store; errors of the database
 */
export async function shipSpooled(rooms: ShipRooms, signal: AbortSignal): Promise<void> {
  const { database, spoolFolder, log } = rooms
  const closed = await closedFiles(spoolFolder)
  const taken = await takenSpools(database, closed.map((path) => basename(path)))
  const files: SpooledFile[] = []
  for (const path of closed) {
    const head = taken.has(basename(path)) ? undefined : await headOfFile(path)
    if (head !== undefined) files.push({ path, head, bytes: (await stat(path)).size })
    else {
      // It is in the object store already, or a process was killed before its first line was whole.
      if (!taken.has(basename(path))) log.warn(`${path} holds no logged predictions and is removed`)
      await removeSpooled(path)
    }
  }
  for (const group of groupsOf(files)) {
    signal.throwIfAborted()
    await shipGroup(rooms, group, signal)
  }
}

/** Files of one version with the same columns, as many as come into one. */
function groupsOf(files: readonly SpooledFile[]): readonly (readonly SpooledFile[])[] {
  const filling = new Map<string, SpooledFile[]>()
  const groups: SpooledFile[][] = []
  for (const file of files) {
    const name = JSON.stringify(file.head)
    const present = filling.get(name)
    if (present !== undefined && present.length < MOST_FILES_AT_ONCE && present.reduce((sum, { bytes }) => sum + bytes, file.bytes) <= MOST_BYTES_AT_ONCE) present.push(file)
    else {
      const group = [file]
      filling.set(name, group)
      groups.push(group)
    }
  }
  return groups
}

async function shipGroup({ database, objects, clock, token, log }: ShipRooms, group: readonly SpooledFile[], signal: AbortSignal): Promise<void> {
  const [first] = group
  if (first === undefined) return
  const { head } = first
  const scratch = await mkdtemp(join(tmpdir(), 'refit-predictions-'))
  try {
    const output = join(scratch, 'logged.parquet')
    await mkdir(join(scratch, 'spill'))
    const input: ShipInput = { head, files: group.map(({ path }) => path), output, memoryBytes: LIMITS.memoryBytes, spillFolder: join(scratch, 'spill') }
    const { rows, unread, firstAt, lastAt } = await runChildJob({ entry: new URL('./ship-child.bundle.js', import.meta.url), input, output: Shipped, token, limits: LIMITS, workingFolder: scratch }, signal)
    if (unread > 0) log.warn(`${unread} lines of logged predictions of ${head.model} cannot be read and are left out`)
    const names = group.map(({ path }) => basename(path))
    if (firstAt !== undefined && lastAt !== undefined) {
      await beginUpload(database, objectKey(PREFIX, await hashOfFile(output), ENDING), clock.now())
      const { key, bytes } = await objects.putFile(PREFIX, output, ENDING)
      await addFile(database, { model: head.model, version: head.version, object: key, rows, bytes, firstAt: new Date(firstAt), lastAt: new Date(lastAt), at: clock.now() }, names)
    }
    for (const { path } of group) await removeSpooled(path)
  } catch (error) {
    if (signal.aborted || !isOfChild(error)) throw error
    // They stay, and are tried again, and hold up nothing else; what waits is bounded, and what is lost for it is counted.
    log.warn(`predictions of ${head.model} could not be brought into the object store: ${error.message}`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The child has a bug, or was ended for its memory or time. */
function isOfChild(error: unknown): error is Error {
  return error instanceof BrokenChild || (error instanceof RefitError && error.code.startsWith('process-'))
}

/** Undefined where there is none. */
async function headOfFile(path: string): Promise<SpoolHead | undefined> {
  const line = await firstLine(path)
  const head = line === undefined ? undefined : parsed(line)
  return Value.Check(SpoolHead, head) ? head : undefined
}

/** Undefined where it does not end. */
async function firstLine(path: string): Promise<string | undefined> {
  const handle = await open(path)
  try {
    const read: Buffer[] = []
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES))
      const chunk = buffer.subarray(0, bytesRead)
      const end = chunk.indexOf('\n')
      if (end !== -1) return Buffer.concat([...read, chunk.subarray(0, end)]).toString()
      if (bytesRead === 0) return undefined
      read.push(chunk)
    }
  } finally {
    await handle.close()
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
