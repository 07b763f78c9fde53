import { runChildJob } from '../processes/child-job.js'
import { EveryRow } from './every-row-job.js'
import { LONGEST_CUT_MS, type SplitRequest } from './split-snapshot.js'

/**
 * Writes every row of a snapshot's window, but those held out, as the training set of a second training, in a child with a
 * memory limit. The output folder appears whole, with `train` and a `validation` that has no rows.
 * @throws RefitError `process-memory`, `process-timeout`, `process-died`
 */
export function gatherEveryRow(request: Omit<SplitRequest, 'task' | 'former'>, signal: AbortSignal): Promise<EveryRow> {
  const { snapshot, parts, split, holdout, memoryBytes, token, workingFolder, outputFolder, logFile } = request
  const { columns, window, delivery } = snapshot
  return runChildJob(
    {
      entry: new URL('./every-row-child.bundle.js', import.meta.url),
      input: { parts: parts.map(({ drop, path }) => ({ drop, path })), columns, ...(delivery === undefined ? {} : { delivery }), window, split, holdout, memoryBytes, outputFolder },
      output: EveryRow,
      token,
      limits: { milliseconds: LONGEST_CUT_MS, memoryBytes },
      workingFolder,
      logFile,
    },
    signal,
  )
}
