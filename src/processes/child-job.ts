import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { deserialiseError, RefitError, refitError } from '../errors.js'
import { basicEnvironment, runProcess, type ProcessEnd } from './run-process.js'
import { SAME_EVERYWHERE } from './same-everywhere.js'

/**
 * Work in a disposable child process of our own code: input and result go through files in the working folder, so
 * that a child which dies, hangs or floods its output cannot harm the parent.
 */
export interface ChildJob<S extends TSchema> {
  /** The compiled module to run; it calls `answerChildJob`. */
  readonly entry: URL
  readonly input: unknown
  /** What the answer must look like. */
  readonly output: S
  /** REFIT_PROCESS of the process and its children. */
  readonly token: string
  readonly limits: { readonly milliseconds: number; readonly memoryBytes: number }
  readonly workingFolder: string
  /** Of the child, besides what it needs to run at all; secrets among it reach no file. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Standard output and error are appended here. */
  readonly logFile?: string | undefined
}

const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024

const Answer = Type.Union([
  Type.Object({ kind: Type.Literal('value'), value: Type.Unknown() }),
  Type.Object({
    kind: Type.Literal('refused'),
    error: Type.Object({
      code: Type.String(),
      message: Type.String(),
      hint: Type.String(),
      status: Type.Number(),
      faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
    }),
  }),
  Type.Object({ kind: Type.Literal('broken'), stack: Type.String() }),
])

/** The child has a bug, or has answered what it may not; the message ends with its stack, where there is one. */
export class BrokenChild extends Error {}

/**
 * Runs a job in a child and gives its answer.
 * @throws RefitError as thrown in the child; `process-died`, `process-timeout`, `process-memory` when it could not answer
 * @throws BrokenChild with the child's stack when the child has a bug
 */
export async function runChildJob<S extends TSchema>(job: ChildJob<S>, signal: AbortSignal): Promise<Static<S>> {
  const id = randomUUID()
  const inputFile = join(job.workingFolder, `${id}.input.json`)
  const answerFile = join(job.workingFolder, `${id}.answer.json`)
  await writeFile(inputFile, JSON.stringify(job.input))
  try {
    const heapMegabytes = Math.max(64, Math.floor(job.limits.memoryBytes / 1_048_576))
    const end = await runProcess(
      {
        command: process.execPath,
        arguments: [`--max-old-space-size=${heapMegabytes}`, fileURLToPath(job.entry), inputFile, answerFile],
        environment: { ...job.environment, ...basicEnvironment(), ...SAME_EVERYWHERE },
        workingFolder: job.workingFolder,
        token: job.token,
        limits: job.limits,
        logFile: job.logFile,
      },
      signal,
    )
    return asPromised(job, await answerOf(job, end, answerFile))
  } finally {
    await rm(inputFile, { force: true })
    await rm(answerFile, { force: true })
  }
}

function asPromised<S extends TSchema>({ entry, output }: ChildJob<S>, answer: unknown): Static<S> {
  if (Value.Check(output, answer)) return answer
  const [fault] = Value.Errors(output, answer)
  throw new BrokenChild(`${nameOf(entry)} answered what it may not: ${fault?.instancePath ?? ''} ${fault?.message ?? ''}`)
}

/** What messages call a child, by its file. */
function nameOf(entry: URL): string {
  return fileURLToPath(entry).replace(/^.*[/\\]/, '').replace(/(-child)?(\.bundle)?\.js$/, '')
}

async function answerOf(job: ChildJob<TSchema>, end: ProcessEnd, answerFile: string): Promise<unknown> {
  const name = nameOf(job.entry)
  switch (end.kind) {
    case 'timeout':
      throw refitError('process-timeout', { name, seconds: job.limits.milliseconds / 1000 })
    case 'memory':
      throw refitError('process-memory', { name, limit: Math.round(job.limits.memoryBytes / 1_000_000) })
    case 'cancelled':
      throw new Error(`${name} was cancelled`)
    case 'killed':
      throw refitError('process-died', { name, how: `by ${end.signal}` })
    case 'not-started':
      throw new Error(`${name} could not be started: ${end.reason}`)
    case 'exited':
      return readAnswer(name, end.code, answerFile)
  }
}

async function readAnswer(name: string, code: number, answerFile: string): Promise<unknown> {
  const answer = await parseAnswer(answerFile).catch((error: unknown) => {
    throw refitError('process-died', { name, how: `with exit code ${code} and no usable answer` }, { cause: error })
  })
  switch (answer.kind) {
    case 'value':
      return answer.value
    case 'refused':
      throw deserialiseError(answer.error) ?? new Error(`${name}: ${answer.error.message}`)
    case 'broken':
      throw new BrokenChild(`${name} failed:\n${answer.stack}`)
  }
}

async function parseAnswer(answerFile: string): Promise<Static<typeof Answer>> {
  const { size } = await stat(answerFile)
  if (size > LARGEST_ANSWER_BYTES) throw new Error(`the answer has ${size} bytes`)
  return Value.Parse(Answer, JSON.parse(await readFile(answerFile, 'utf8')))
}

/** What a child's entry module does: reads the input, works, leaves the answer, and exits. */
export function answerChildJob<I extends TSchema>(input: I, handler: (input: Static<I>) => Promise<unknown>): void {
  const [, , inputFile, answerFile] = process.argv
  if (inputFile === undefined || answerFile === undefined) throw new Error('started without input and answer file')
  const work = async (): Promise<void> => {
    const answer = await handler(Value.Parse(input, JSON.parse(await readFile(inputFile, 'utf8')))).then(
      (value) => ({ kind: 'value' as const, value }),
      describe,
    )
    await writeFile(`${answerFile}.tmp`, JSON.stringify(answer))
    await rename(`${answerFile}.tmp`, answerFile)
    process.exit(0)
  }
  work().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exit(70)
  })
}

function describe(error: unknown): Static<typeof Answer> {
  if (error instanceof RefitError) {
    const { code, message, hint, status, faults } = error
    return { kind: 'refused', error: { code, message, hint, status, faults: [...faults] } }
  }
  return { kind: 'broken', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
