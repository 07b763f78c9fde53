import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { inferColumns } from '../data/infer-columns.js'
import type { InferredData } from '../define/inferred-data.js'
import { unfitData } from '../define/propose-roles.js'
import { refitError } from '../errors.js'

/**
 * Looks at the data that a project is to start from, in a child with limits.
 * @throws RefitError `file-unreadable`, `data-unfit`, `process-memory`, `process-timeout`, `process-died`
 */
export async function inspectData(file: string, signal: AbortSignal): Promise<InferredData> {
  const found = await stat(file).catch((error: unknown) => {
    throw refitError('file-unreadable', { file, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  })
  if (!found.isFile()) throw refitError('file-unreadable', { file, reason: 'it is no file' })
  const data = await inferColumns({ files: [{ path: file, key: file }] }, signal)
  const reason = unfitData(data)
  if (reason !== undefined) throw refitError('data-unfit', { file: basename(file), reason })
  return data
}
