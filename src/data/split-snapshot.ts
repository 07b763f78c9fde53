import type { StoredModel } from '../define/stored-definition.js'
import { runChildJob } from '../processes/child-job.js'
import type { FormerProfile } from './profile.js'
import type { Part, Snapshot } from './snapshot.js'
import { CutSets } from './split-job.js'

export interface SplitRequest {
  readonly snapshot: Snapshot
  /** The snapshot's parts with the local paths of their files. */
  readonly parts: readonly (Part & { readonly path: string })[]
  readonly split: StoredModel['split']
  /** Share of the units that are kept out of the other sets. */
  readonly holdout?: StoredModel['holdout'] | undefined
  readonly task: StoredModel['task']
  /** The snapshot before, to tell what has moved since. */
  readonly former?: FormerProfile | undefined
  readonly memoryBytes: number
  readonly token: string
  readonly workingFolder: string
  /** Appears whole, with `train`, `validation` and `test`, and `holdout` where there is one. */
  readonly outputFolder: string
  readonly logFile?: string | undefined
}

/** The longest that cutting sets may take. */
export const LONGEST_CUT_MS = 60 * 60_000

/**
 * Cuts a snapshot into sets and profiles its rows, in a child with a memory limit.
 * @throws RefitError `sets-too-small`, `process-memory`, `process-timeout`, `process-died`
 */
export async function splitSnapshot(request: SplitRequest, signal: AbortSignal): Promise<CutSets> {
  const { snapshot, parts, split, holdout, former, task, memoryBytes, token, workingFolder, outputFolder, logFile } = request
  return runChildJob(
    {
      entry: new URL('./split-child.bundle.js', import.meta.url),
      input: {
        parts: parts.map(({ drop, path }) => ({ drop, path })),
        columns: snapshot.columns,
        ...(snapshot.delivery === undefined ? {} : { delivery: snapshot.delivery }),
        window: snapshot.window,
        split,
        holdout,
        task,
        memoryBytes,
        outputFolder,
        former,
      },
      output: CutSets,
      token,
      limits: { milliseconds: LONGEST_CUT_MS, memoryBytes },
      workingFolder,
      logFile,
    },
    signal,
  )
}
