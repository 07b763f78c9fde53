import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredModel } from '../../define/stored-definition.js'
import { predictorEnvironment } from '../../predictors/predictor-environment.js'
import { runChildJob } from '../../processes/child-job.js'
import { featuresOf } from './fit.js'
import { Unpacked, type UnpackInput } from './unpacked.js'

export interface UnpackRequest {
  /** Local path of the archive. */
  readonly archive: string
  readonly definition: StoredModel
  readonly projectFolder: string
  /** The Python by which the definition trains. */
  readonly interpreter: string | undefined
  /** Where the child works; the model comes to `model` in it. */
  readonly workingFolder: string
  readonly token: string
  readonly logFile?: string | undefined
  readonly entry: URL
}

/** The most that an upload may unpack to. */
export const MOST_UNPACKED_BYTES = 16 * 1024 ** 3
const LONGEST_MS = 10 * 60_000

/** Unpacks an upload in a child with limits. @throws RefitError as `unpackUpload` */
export async function unpack({ archive, definition, projectFolder, interpreter, workingFolder, token, logFile, entry }: UnpackRequest, signal: AbortSignal): Promise<Unpacked & { readonly folder: string }> {
  await mkdir(workingFolder, { recursive: true })
  const folder = join(workingFolder, 'model')
  const unpacked = await runChildJob(
    {
      entry,
      input: { archive, folder, mostBytes: MOST_UNPACKED_BYTES, features: featuresOf(definition), ...(interpreter === undefined ? {} : { interpreter }) } satisfies UnpackInput,
      output: Unpacked,
      token,
      limits: { milliseconds: LONGEST_MS, memoryBytes: definition.limits.trainMemoryBytes },
      workingFolder,
      environment: predictorEnvironment(projectFolder),
      logFile,
    },
    signal,
  )
  return { ...unpacked, folder }
}
