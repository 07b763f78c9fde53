import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChildJob } from '../processes/child-job.js'
import { SampledRows, type SampledRow } from './sample-job.js'
import type { Part, Snapshot } from './snapshot.js'

const LIMITS = { milliseconds: 5 * 60_000, memoryBytes: 1_000_000_000 }

/**
 * Some rows of a snapshot within its window, in the order of their arrival, always the same ones; read in a child with
 * limits.
 * @throws RefitError `process-memory`, `process-timeout`, `process-died`
 */
export async function sampleSnapshot(
  { columns, delivery, window, digest }: Snapshot,
  parts: readonly (Part & { readonly path: string })[],
  rows: number,
  signal: AbortSignal,
): Promise<readonly SampledRow[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'refit-sample-'))
  try {
    return await runChildJob(
      {
        entry: new URL('./sample-child.bundle.js', import.meta.url),
        input: {
          parts: parts.map(({ drop, path }) => ({ drop, path })),
          columns,
          ...(delivery === undefined ? {} : { delivery }),
          window,
          rows,
          seed: digest,
          memoryBytes: LIMITS.memoryBytes,
          spillFolder: join(scratch, 'spill'),
        },
        output: SampledRows,
        token: `sample/${process.pid}/${scratch}`,
        limits: LIMITS,
        workingFolder: scratch,
      },
      signal,
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
