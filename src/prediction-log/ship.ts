import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { SpoolHead } from '../predictions/logged-answer.js'
import { closedFiles, removeSpooled } from '../predictions/spool.js'
import { runChildJob } from '../processes/child-job.js'
import { addFile, takenSpools } from './files.js'
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
export const PREFIX = 'predictions'

/**
 * Brings everything that serving has closed into the object store: object, then the transaction that names it, then the
 * spooled files go. Whoever dies in between leaves what is done over, without a row twice.
 * @throws RefitError of the object store; errors of the database
 */
export async function shipSpooled(rooms: ShipRooms, signal: AbortSignal): Promise<void> {
  const { database, spoolFolder, log } = rooms
  const closed = await closedFiles(spoolFolder)
  const taken = await takenSpools(database, closed.map((path) => basename(path)))
  const files: { readonly path: string; readonly head: SpoolHead; readonly bytes: number }[] = []
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

type SpooledFile = { readonly path: string; readonly head: SpoolHead; readonly bytes: number }

/** Files of one version with the same columns, as many as come into one. */
function groupsOf(files: readonly SpooledFile[]): readonly (readonly SpooledFile[])[] {
  const open = new Map<string, SpooledFile[]>()
  const groups: SpooledFile[][] = []
  for (const file of files) {
    const name = JSON.stringify(file.head)
    const present = open.get(name)
    if (present !== undefined && present.reduce((sum, { bytes }) => sum + bytes, file.bytes) <= MOST_BYTES_AT_ONCE) present.push(file)
    else {
      const group = [file]
      open.set(name, group)
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
    const { rows, firstAt, lastAt } = await runChildJob({ entry: new URL('./ship-child.bundle.js', import.meta.url), input, output: Shipped, token, limits: LIMITS, workingFolder: scratch }, signal)
    const names = group.map(({ path }) => basename(path))
    if (firstAt !== undefined && lastAt !== undefined) {
      const { key } = await objects.putFile(PREFIX, output, '.parquet')
      await addFile(database, { model: head.model, version: head.version, object: key, rows, firstAt: new Date(firstAt), lastAt: new Date(lastAt), at: clock.now() }, names)
    }
    for (const { path } of group) await removeSpooled(path)
  } catch (error) {
    if (!(error instanceof RefitError) || !error.code.startsWith('process-') || signal.aborted) throw error
    // They stay, and are tried again; what waits is bounded, and what is lost for it is counted.
    log.warn(`predictions of ${head.model} could not be brought into the object store: ${error.message}`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Undefined where there is none. */
async function headOfFile(path: string): Promise<SpoolHead | undefined> {
  const lines = createInterface({ input: createReadStream(path) })
  try {
    for await (const line of lines) {
      const head: unknown = parsed(line)
      return Value.Check(SpoolHead, head) ? head : undefined
    }
    return undefined
  } finally {
    lines.close()
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
