import { rename } from 'node:fs/promises'
import { Type } from 'typebox'
import type { StoredColumn, StoredPrepare } from '../define/stored-definition.js'
import { RefitError, refitError } from '../errors.js'
import { runChildJob } from '../processes/child-job.js'
import type { PrepareSetsInput } from './prepare-sets-job.js'
import { packagePrepareOf } from './package-prepare.js'

export interface PrepareSetsRequest<S extends { readonly folder: string }> {
  /** As they were cut, in a folder of their own. */
  readonly sets: S
  /** Local path of the bundle. */
  readonly bundle: string
  readonly prepare: StoredPrepare
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly parts: PrepareSetsInput['parts']
  readonly limits: { readonly milliseconds: number; readonly memoryBytes: number }
  readonly token: string
  readonly workingFolder: string
  /** Appears whole. */
  readonly outputFolder: string
  readonly logFile?: string | undefined
}

const LONGEST_BATCH_MS = 30_000

/**
 * Makes training and validation set what the model is trained on: every row goes through the module, in a child with
 * limits. The test set stays as it came, for a model's package prepares it itself.
 * @throws RefitError `prepare-unusable`, `prepare-failed` that names the row, `prepare-impure`
 */
export async function prepareSets<S extends { readonly folder: string }>(request: PrepareSetsRequest<S>, signal: AbortSignal): Promise<S> {
  const { sets, bundle, prepare, columns, parts, limits, token, workingFolder, outputFolder, logFile } = request
  const { outputs, features } = packagePrepareOf(columns, prepare)
  const columnOf = (wanted: StoredColumn['role']): string | undefined => Object.entries(columns).find(([, { role }]) => role === wanted)?.[0]
  const weight = columnOf('weight')
  const input: PrepareSetsInput = {
    bundle,
    path: prepare.path,
    columns: { ...columns },
    outputs,
    features: features.map(({ name }) => name),
    target: columnOf('target') ?? '',
    ...(weight === undefined ? {} : { weight }),
    folder: sets.folder,
    parts: [...parts],
    memoryBytes: limits.memoryBytes,
    // Before the child's own time is up, so that it can still say which row it was.
    batchMilliseconds: Math.max(1, Math.min(LONGEST_BATCH_MS, Math.floor(limits.milliseconds / 2))),
  }
  const entry = new URL('./prepare-sets-child.bundle.js', import.meta.url)
  await runChildJob({ entry, input, output: Type.Object({}), token, limits, workingFolder, logFile }, signal).catch((error: unknown) => {
    throw isItsOwnEnd(error) ? refitError('prepare-failed', { path: prepare.path, row: 'the training set', reason: error.message.replace(/\.$/, '') }, { cause: error }) : error
  })
  await rename(sets.folder, outputFolder)
  return { ...sets, folder: outputFolder }
}

/** V8 aborts when its heap is full, often before it is seen from outside; any other death may come from the machine. */
function isItsOwnEnd(error: unknown): error is RefitError {
  if (!(error instanceof RefitError)) return false
  return error.code === 'process-timeout' || error.code === 'process-memory' || (error.code === 'process-died' && error.message.includes('SIGABRT'))
}
