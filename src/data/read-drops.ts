import type { StoredColumn } from '../define/stored-definition.js'
import { runChildJob } from '../processes/child-job.js'
import { ReadDropsOutput } from './read-drops-job.js'
import type { DropReading } from './snapshot.js'

export interface ReadDropsRequest {
  /** `path` holds the raw bytes, `key` the name they arrived under. */
  readonly drops: readonly { readonly id: string; readonly key: string; readonly path: string }[]
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly memoryBytes: number
  readonly token: string
  readonly workingFolder: string
  /** Where accepted drops are left as `<sha256>.parquet`. */
  readonly outputFolder: string
  readonly logFile?: string | undefined
}

const LONGEST_MS = 60 * 60_000

/**
 * Reads drops against the contract in a child with a memory limit: each becomes a part, or is refused with its faults.
 * @throws RefitError `process-memory`, `process-timeout`, `process-died`
 */
export async function readDrops(request: ReadDropsRequest, signal: AbortSignal): Promise<ReadonlyMap<string, DropReading>> {
  const { drops, columns, memoryBytes, token, workingFolder, outputFolder, logFile } = request
  const readings = await runChildJob(
    {
      entry: new URL('./read-drops-child.bundle.js', import.meta.url),
      input: { drops, columns, memoryBytes, outputFolder },
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
