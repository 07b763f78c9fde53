import type { OtherColumns, StoredColumn, StoredFormat } from '../define/stored-definition.js'
import { RefitError } from '../errors.js'
import { BrokenChild, runChildJob } from '../processes/child-job.js'
import { ReadDropsOutput } from './read-drops-job.js'
import type { DropFault, DropReading } from './snapshot.js'
import { isShortage } from './unreadable.js'

/** A drop's raw bytes. */
export interface DropFiles {
  readonly id: string
  /** The name it arrived under. */
  readonly key: string
  readonly path: string
  /** Of a released one, what can be waived is waived. */
  readonly released: boolean
  /** Where it has several, in their order: they are read as one table, in place of `path`. */
  readonly files?: readonly { readonly key: string; readonly path: string }[]
}

export interface ReadDropsRequest {
  readonly drops: readonly DropFiles[]
  readonly columns: Readonly<Record<string, StoredColumn>>
  /** Default: they are refused. */
  readonly otherColumns?: OtherColumns | undefined
  /** The column that tells which rows only delete their key, where there is one. */
  readonly deleted?: string | undefined
  /** What the definition declares of files; default: each tells. */
  readonly format?: StoredFormat | undefined
  readonly memoryBytes: number
  readonly token: string
  readonly workingFolder: string
  /** Where accepted drops are left as `<sha256>.parquet`. */
  readonly outputFolder: string
  readonly logFile?: string | undefined
}

const LONGEST_MS = 60 * 60_000

/** A child may die for no fault of its drop, e.g. when the system is short of memory. */
const TRIES_ALONE = 2

/**
 * Reads drops against the contract in a child with limits: each becomes a part, or is refused with its faults. When one
 * of them takes the child down or meets a bug of it, each is read alone, and the one that does it again is refused: it
 * must not hold up the others for ever.
 */
export async function readDrops(request: ReadDropsRequest, signal: AbortSignal): Promise<ReadonlyMap<string, DropReading>> {
  try {
    return await readTogether(request, request.drops, signal)
  } catch (error) {
    if (signal.aborted || !(tookChildDown(error) || isBug(error))) throw error
    const readings = new Map<string, DropReading>()
    for (const drop of request.drops) readings.set(drop.id, await readAlone(request, drop, signal))
    return readings
  }
}

async function readAlone(request: ReadDropsRequest, drop: DropFiles, signal: AbortSignal): Promise<DropReading> {
  for (let tried = 1; ; tried += 1) {
    try {
      const reading = (await readTogether(request, [drop], signal)).get(drop.id)
      if (reading === undefined) throw new Error(`no reading of ${drop.id}`)
      return reading
    } catch (error) {
      if (signal.aborted) throw error
      if (isBug(error)) return { accepted: false, faults: [bugAsFault(error)] }
      if (!tookChildDown(error)) throw error
      if (tried >= TRIES_ALONE || error.code !== 'process-died') {
        return { accepted: false, faults: [{ code: 'unreadable', message: `It cannot be read: ${error.message} ${error.hint}` }] }
      }
    }
  }
}

function tookChildDown(error: unknown): error is RefitError {
  return error instanceof RefitError && (error.code === 'process-memory' || error.code === 'process-timeout' || error.code === 'process-died')
}

/** What the machine is short of is no bug, and no fault of a drop. */
function isBug(error: unknown): error is BrokenChild {
  return error instanceof BrokenChild && !isShortage(error.message)
}

function bugAsFault({ message }: BrokenChild): DropFault {
  const [, reason = message] = message.split('\n')
  return { code: 'reader-failed', message: `Refit itself failed at it: ${reason.trim().slice(0, 300)}`, stack: message }
}

async function readTogether(request: ReadDropsRequest, drops: readonly DropFiles[], signal: AbortSignal): Promise<ReadonlyMap<string, DropReading>> {
  const { columns, otherColumns, deleted, format = {}, memoryBytes, token, workingFolder, outputFolder, logFile } = request
  const readings = await runChildJob(
    {
      entry: new URL('./read-drops-child.bundle.js', import.meta.url),
      input: { drops, columns, otherColumns, deleted, format, memoryBytes, outputFolder },
      output: ReadDropsOutput,
      token,
      limits: { milliseconds: LONGEST_MS, memoryBytes },
      workingFolder,
      logFile,
    },
    signal,
  )
  return new Map(Object.entries(readings))
}
