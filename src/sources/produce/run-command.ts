import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { lastWords } from '../../processes/last-words.js'
import { endProcesses } from '../../processes/end.js'
import { basicEnvironment, runProcess, type ProcessEnd } from '../../processes/run-process.js'

export interface CommandRun {
  readonly command: readonly string[]
  /** Its own variables, secrets revealed. */
  readonly environment: Readonly<Record<string, string>>
  readonly projectFolder: string
  /** Where it writes; emptied before. Its logs are kept beside it. */
  readonly folder: string
  /** Marks its processes, and those that a former one has left behind. */
  readonly token: string
  readonly limits: { readonly milliseconds: number; readonly memoryBytes: number }
  readonly watermark: string | undefined
}

/** What a command has left. */
export interface Produced {
  /** File or folder; undefined when it wrote nothing. */
  readonly output: { readonly path: string; readonly isFolder: boolean } | undefined
  /** Where it wants to go on; undefined when it did not say. */
  readonly watermark: string | undefined
}

const LONGEST_WATERMARK_BYTES = 1000

/** Runs the command to its end. @throws Error saying how it failed, with its last words and the file of its log */
export async function runCommand(run: CommandRun, signal: AbortSignal): Promise<Produced> {
  const [program = '', ...rest] = run.command
  const written = join(run.folder, 'written')
  const log = join(run.folder, 'latest.log')
  const [output, next] = [join(written, 'output'), join(written, 'next-watermark')]
  // A control server that was killed has left its command running.
  await endProcesses((token) => token === run.token)
  for (const former of [written, log]) await rm(former, { recursive: true, force: true })
  await mkdir(written, { recursive: true })
  const environment = { ...basicEnvironment(), ...run.environment, REFIT_WATERMARK: run.watermark ?? '', REFIT_OUTPUT: output, REFIT_NEXT_WATERMARK: next }
  const end = await runProcess({ command: program, arguments: rest, environment, workingFolder: run.projectFolder, token: run.token, limits: run.limits, logFile: log }, signal)
  signal.throwIfAborted()
  const failure = failureOf(end, run)
  if (failure !== undefined) {
    const words = await lastWords(log)
    // Kept until the next one that fails: the log of one that goes well would take its place.
    const kept = join(run.folder, 'failed.log')
    await rename(log, kept)
    await rm(written, { recursive: true, force: true })
    throw new Error(`the command ${program} ${failure}: ${words} (its log is ${kept})`)
  }
  const found = await stat(output).catch(unlessGone)
  return { output: found === undefined ? undefined : { path: output, isFolder: found.isDirectory() }, watermark: await watermarkIn(next) }
}

function failureOf(end: ProcessEnd, { limits }: CommandRun): string | undefined {
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? undefined : `ended with exit code ${end.code}`
    case 'killed':
      return `was killed by ${end.signal}`
    case 'timeout':
      return `took longer than ${limits.milliseconds / 1000} seconds and was ended`
    case 'memory':
      return `used ${Math.round(end.bytes / 1e6)} MB of memory, ${Math.round(limits.memoryBytes / 1e6)} MB are allowed, and was ended`
    case 'not-started':
      return `could not be started, ${end.reason}`
    case 'cancelled':
      return 'was cancelled'
  }
}

async function watermarkIn(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(unlessGone)
  if (found === undefined) return undefined
  if (found.size > LONGEST_WATERMARK_BYTES) throw new Error(`the command left a watermark of ${found.size} bytes, ${LONGEST_WATERMARK_BYTES} are allowed`)
  const watermark = (await readFile(file, 'utf8')).trim()
  return watermark === '' ? undefined : watermark
}

function unlessGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
