import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import { throughOutages } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { fetchPackage } from '../packages/store.js'
import { getModel } from '../registry/models.js'
import { getVersion } from '../registry/version.js'
import { describeError } from '../runs/describe-error.js'
import { copyJobInput, outputPlace, removeTemporary, type OutputPlace } from './job-files.js'
import { beginJob, endJob, findJob, JobResult, noteProgress, type BatchJob, type JobEnd } from './jobs.js'
import { outputFormatOf } from './output-format.js'
import { publishOutput } from './publish.js'
import { runScoring } from './run-scoring.js'
import { syncFile } from './sync.js'

/** What jobs work with. */
export interface JobRooms {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly projectFolder: string
  /** Where the parts of jobs under way are kept. */
  readonly folder: string
  /** The compiled entry of the child that scores. */
  readonly entry: URL
  /** REFIT_PROCESS of a job's child. */
  readonly tokenOf: (job: string) => string
  readonly environment: Readonly<Record<string, string>>
  /** So long a model may take for what it is asked at once. */
  readonly answerMilliseconds: number
  readonly warn: (message: string) => void
  /** Where the crash tests may stop a job: published, and not yet ended. */
  readonly pause: (name: string) => Promise<void>
}

/** Somebody has asked for the job to end. */
export class JobCancelled extends Error {
  override readonly name = 'JobCancelled'
}

/** A child may die for no fault of its rows, e.g. when the system is short of memory. */
const TRIES = 3
const NOTE_EVERY_MS = 1000

/**
 * Carries a job to its end, from wherever an earlier try has left it: its parts, and what it has published, stand on disk.
 * Rejects only when the program stops; then it goes on at the next start.
 */
export async function carryJob(rooms: JobRooms, job: BatchJob, signal: AbortSignal): Promise<void> {
  const { database, clock, projectFolder } = rooms
  const folder = join(rooms.folder, job.id)
  // It may have ended while it was listed.
  if (!(await throughOutages(() => beginJob(database, clock.now(), job.id), clock, signal))) return
  const end = await endOf(() => score(rooms, job, folder, signal), signal)
  await rooms.pause('batch:before-end')
  await throughOutages(() => endJob(database, clock.now(), job, end), clock)
  await removeTemporary(projectFolder, job.output, job.id)
  await rm(folder, { recursive: true, force: true })
}

/** Removes what is left of jobs that had ended when everything died. */
export async function clearEnded({ database, projectFolder, folder }: Pick<JobRooms, 'database' | 'projectFolder' | 'folder'>): Promise<void> {
  for (const id of await readdir(folder).catch((): string[] => [])) {
    const job = await findJob(database, id)
    if (job?.endedAt === undefined) continue
    await removeTemporary(projectFolder, job.output, id)
    await rm(join(folder, id), { recursive: true, force: true })
  }
}

async function endOf(work: () => Promise<JobResult>, signal: AbortSignal): Promise<JobEnd> {
  try {
    return { state: 'done', result: await work() }
  } catch (error) {
    if (signal.reason instanceof JobCancelled) return { state: 'cancelled' }
    if (signal.aborted) throw signal.reason instanceof Error ? signal.reason : error
    return { state: 'failed', error: describeError(error) }
  }
}

async function score(rooms: JobRooms, job: BatchJob, folder: string, signal: AbortSignal): Promise<JobResult> {
  const { projectFolder } = rooms
  signal.throwIfAborted()
  await mkdir(folder, { recursive: true })
  const place = await outputPlace(projectFolder, job.output, job.id)
  const before = await readScored(folder)
  if (before !== undefined) {
    if (await exists(place.temporary)) await publishOutput(place.temporary, place.path, job.overwrite)
    // Without it, it is under its name; unless somebody has removed it, and then it is written once more.
    if (await exists(place.path)) return before
  }
  const scored = await scoreParts(rooms, job, folder, place, signal)
  await writeScored(folder, scored)
  await publishOutput(place.temporary, place.path, job.overwrite)
  return scored
}

async function scoreParts(rooms: JobRooms, job: BatchJob, folder: string, place: OutputPlace, signal: AbortSignal): Promise<JobResult> {
  const { database, objects, clock, projectFolder, entry, environment, answerMilliseconds, tokenOf } = rooms
  const input = join(folder, 'input')
  if (!(await exists(input))) await copyJobInput(projectFolder, job.input, input, signal)
  const { digest } = await throughOutages(() => getVersion(database, job.model, job.version), clock, signal)
  const { definition } = await throughOutages(() => getModel(database, job.model), clock, signal)
  const packageFolder = join(folder, 'package')
  await fetchPackage(objects, digest, packageFolder)
  let noted = 0
  for (let tried = 1; ; tried += 1) {
    try {
      const { kept: _, ...result } = await runScoring(
        {
          entry,
          input: { path: input, name: basename(job.input), format: definition.format ?? {} },
          package: { folder: packageFolder, digest },
          workFolder: folder,
          output: { path: place.temporary, format: outputFormatOf(job.output) },
          memoryBytes: definition.limits.trainMemoryBytes,
          answerMilliseconds,
          token: tokenOf(job.id),
          environment,
          onProgress: (progress) => {
            if (Date.now() - noted < NOTE_EVERY_MS) return
            noted = Date.now()
            noteProgress(database, job.id, progress).catch((error: unknown) => rooms.warn(`batch job ${job.id}: its progress could not be noted: ${error instanceof Error ? error.message : String(error)}`))
          },
        },
        signal,
      )
      return result
    } catch (error) {
      if (signal.aborted || tried >= TRIES || !(error instanceof RefitError && error.code === 'process-died')) throw error
    }
  }
}

const Kept = Type.Object({ formatVersion: Type.Literal(1), result: JobResult })

/** What became of the rows, once all of them are scored and written. */
async function readScored(folder: string): Promise<JobResult | undefined> {
  const text = await readFile(join(folder, 'scored.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Value.Parse(Kept, JSON.parse(text)).result
}

async function writeScored(folder: string, result: JobResult): Promise<void> {
  const path = join(folder, 'scored.json')
  await writeFile(`${path}.tmp`, JSON.stringify({ formatVersion: 1, result }), { flush: true })
  await rename(`${path}.tmp`, path)
  await syncFile(folder)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}
