import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { digestOf } from '../define/canonical-json.js'
import type { StoredFormat } from '../define/stored-definition.js'
import { RefitError, refitError } from '../errors.js'
import { CLAIM_FILE, claimFolder, releaseFolder } from './claim.js'
import { finishedParts } from './finished-parts.js'
import { outputFormatOf } from './output-format.js'
import { publishOutput, requireAbsent } from './publish.js'
import { runScoring, type ScoringRequest } from './run-scoring.js'
import { OutputFormat, type Scored } from './score-job.js'

/** What a folder of work is about: whoever goes on with it has to want the same. */
const Work = Type.Object({
  formatVersion: Type.Literal(1),
  server: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  /** Of its package. */
  digest: Type.String(),
  input: Type.Object({ path: Type.String(), bytes: Type.Number(), modified: Type.Number(), inode: Type.Number() }),
  format: OutputFormat,
})
type Work = Static<typeof Work>

/** A version whose package can be had. */
export interface ScoringVersion {
  readonly number: number
  readonly digest: string
  /** The package as a tar archive. */
  readonly archive: () => Promise<AsyncIterable<Buffer>>
}

export interface LocalFileRequest extends Pick<ScoringRequest, 'entry' | 'memoryBytes' | 'answerMilliseconds' | 'environment' | 'onProgress'> {
  /** Where the versions come from; a number is another version elsewhere. */
  readonly server: string
  readonly model: string
  /** The version that is asked for; with what is begun already it is that one's, if none is named. @throws RefitError */
  readonly version: (begun: number | undefined) => Promise<ScoringVersion>
  /** Absolute paths. */
  readonly input: string
  readonly output: string
  readonly format: StoredFormat
  readonly overwrite: boolean
  /** What is about to be done: which version, and how many rows of it an earlier try may have done. */
  readonly onBegin: (begin: { readonly version: number; readonly goesOn: boolean }) => void
}

/** What became of it. */
export interface ScoredFile extends Scored {
  readonly version: number
}

/** The folder beside an output that keeps what is finished of it. */
export function workFolderOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.refit`)
}

/**
 * Scores a file of this machine. What is finished stays beside the output until all is: when it is called again for the
 * same file and output, it goes on where it was, with the same version.
 * @throws RefitError as `scoreFile`; `output-exists`, `batch-under-way`, `input-changed`, `file-unreadable`, `file-unwritable`
 */
export async function scoreLocalFile(request: LocalFileRequest, signal: AbortSignal): Promise<ScoredFile> {
  const { input, output, overwrite } = request
  const format = outputFormatOf(output)
  if (!overwrite) await requireAbsent(output)
  const file = await identityOf(input)
  const folder = workFolderOf(output)
  await mkdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw refitError('file-unwritable', { file: output, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  })
  await claimFolder(folder, output)
  try {
    const begun = await readWork(folder)
    const isSame = begun?.server === request.server && begun.model === request.model && digestOf([begun.input, begun.format]) === digestOf([file, format])
    const version = await request.version(isSame ? begun.version : undefined)
    const work: Work = { formatVersion: 1, server: request.server, model: request.model, version: version.number, digest: version.digest, input: file, format }
    const goesOn = begun !== undefined && digestOf(begun) === digestOf(work)
    request.onBegin({ version: version.number, goesOn })
    if (!goesOn) await beginAnew(folder, work)
    const finished = join(folder, `output-${basename(output)}`)
    const scored = await runScoring(
      {
        entry: request.entry,
        input: { path: input, name: basename(input), format: request.format },
        package: await packageIn(folder, version),
        workFolder: folder,
        output: { path: finished, format },
        memoryBytes: request.memoryBytes,
        answerMilliseconds: request.answerMilliseconds,
        token: `${digestOf(folder).slice(0, 12)}/score`,
        environment: request.environment,
        onProgress: request.onProgress,
      },
      signal,
    )
    if (digestOf(await identityOf(input)) !== digestOf(file)) throw refitError('input-changed', { file: input })
    await publishOutput(finished, output, overwrite)
    await rm(folder, { recursive: true, force: true })
    return { ...scored, version: version.number }
  } catch (error) {
    // Where nothing is finished there is nothing to go on with.
    if (isMistake(error) || (await finishedParts(folder)).length === 0) await rm(folder, { recursive: true, force: true })
    throw error
  } finally {
    await releaseFolder(folder)
  }
}

/** Whether the same would come of it again. */
function isMistake(error: unknown): boolean {
  return error instanceof RefitError && (error.code === 'batch-nothing-scored' || error.code === 'input-changed')
}

/** What is known of a file without reading it: who writes to it changes this. @throws RefitError `file-unreadable` */
async function identityOf(path: string): Promise<Work['input']> {
  try {
    const { size, mtimeMs, ino } = await stat(path)
    return { path, bytes: size, modified: mtimeMs, inode: ino }
  } catch (error) {
    throw refitError('file-unreadable', { file: path, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

async function beginAnew(folder: string, work: Work): Promise<void> {
  for (const name of await readdir(folder)) if (name !== CLAIM_FILE) await rm(join(folder, name), { recursive: true, force: true })
  await writeFile(join(folder, 'work.json.tmp'), JSON.stringify(work))
  await rename(join(folder, 'work.json.tmp'), join(folder, 'work.json'))
}

async function readWork(folder: string): Promise<Work | undefined> {
  try {
    const work: unknown = JSON.parse(await readFile(join(folder, 'work.json'), 'utf8'))
    return Value.Check(Work, work) ? work : undefined
  } catch {
    // There is none, or only the beginning of one.
    return undefined
  }
}

/** The package, or, where it has yet to be fetched, its archive too. */
async function packageIn(folder: string, { digest, archive }: ScoringVersion): Promise<ScoringRequest['package']> {
  const unpacked = join(folder, 'package')
  if (await stat(unpacked).then(() => true, () => false)) return { folder: unpacked, digest }
  const path = join(folder, 'package.tar')
  await pipeline(await archive(), createWriteStream(path))
  return { folder: unpacked, digest, archive: path }
}
