import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferredData } from '../define/inferred-data.js'
import type { StoredFormat } from '../define/stored-definition.js'
import { runChildJob } from '../processes/child-job.js'

/** Rows of a file that are looked at; a longer one is judged by as many first rows. */
export const MOST_ROWS = 1_000_000

const LIMITS = { milliseconds: 5 * 60_000, memoryBytes: 2_000_000_000 }

/** What is looked at: a file, or several that are one table. `key` is the name that each arrived under. */
export interface FilesToInfer {
  readonly files: readonly { readonly path: string; readonly key: string }[]
  /** What the definition declares of files; default: each tells. */
  readonly format?: StoredFormat | undefined
  /** Names of columns that are expected, in their order: those of a file without a header. */
  readonly expected?: readonly string[]
}

/**
 * Looks at data as it would arrive as a drop, in a child with limits: types, ranges and shares by column.
 * @throws RefitError `data-unfit`, `process-memory`, `process-timeout`, `process-died`
 */
export async function inferColumns({ files, format = {}, expected = [] }: FilesToInfer, signal: AbortSignal): Promise<InferredData> {
  const scratch = await mkdtemp(join(tmpdir(), 'refit-infer-'))
  try {
    return await runChildJob(
      {
        entry: new URL('./infer-columns-child.bundle.js', import.meta.url),
        input: { files, format, expected, mostRows: MOST_ROWS, memoryBytes: LIMITS.memoryBytes, spillFolder: join(scratch, 'spill') },
        output: InferredData,
        token: `infer/${process.pid}/${scratch}`,
        limits: LIMITS,
        workingFolder: scratch,
      },
      signal,
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
