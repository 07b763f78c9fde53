import { readFile, stat } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { RefitError } from '../errors.js'
import { Answer } from '../evaluation/verdict.js'
import type { Task, TaskEnd } from '../executors/executor.js'
import { lastWords } from '../processes/last-words.js'
import type { Rooms } from './run.js'

/** What a rule of the user's own has to answer. */
const Answered = Type.Object(
  { answer: Answer, explanation: Type.String({ minLength: 1, maxLength: 2000 }), figures: Type.Optional(Type.Record(Type.String(), Type.Number(), { maxProperties: 100 })) },
  { additionalProperties: false },
)
type OwnAnswer = Static<typeof Answered>
const LARGEST_ANSWER_BYTES = 1_000_000

/**
 * Runs a program of the user's own until it has left its answer in a file: the answer, or in a few words why there is none. It
 * rejects when it is cancelled.
 */
export async function askProgram({ executor }: Pick<Rooms, 'executor'>, task: Task, answerFile: string, signal: AbortSignal): Promise<OwnAnswer | string> {
  const end = await executor.run(task, signal).catch((error: unknown): { readonly kind: 'not-started'; readonly reason: string } => {
    if (error instanceof RefitError && error.code === 'command-not-started') return { kind: 'not-started', reason: error.message }
    throw error
  })
  if (end.kind === 'cancelled') throw new Error('the program was cancelled')
  const broken = end.kind === 'not-started' ? end.reason : await whyBroken(end, task.limits.milliseconds, task.logFile)
  return broken ?? readAnswer(answerFile)
}

async function whyBroken(end: Exclude<TaskEnd, { kind: 'cancelled' }>, milliseconds: number, logFile: string): Promise<string | undefined> {
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? undefined : `it ended with code ${end.code}: ${await lastWords(logFile)}`
    case 'killed':
      return `it was killed by ${end.signal}`
    case 'timeout':
      return `it took longer than ${milliseconds / 1000} s`
    case 'memory':
      return `it took ${Math.round(end.bytes / 1_000_000).toLocaleString('en-US')} MB of memory`
  }
}

/** The answer, or what is wrong with it. */
async function readAnswer(file: string): Promise<OwnAnswer | string> {
  const size = await stat(file).then(({ size: bytes }) => bytes, () => undefined)
  if (size === undefined) return 'it left no answer'
  if (size > LARGEST_ANSWER_BYTES) return `its answer has ${size} bytes`
  try {
    const answer: unknown = JSON.parse(await readFile(file, 'utf8'))
    return Value.Check(Answered, answer) ? answer : 'its answer is not { answer, explanation, figures }'
  } catch (error) {
    return `its answer is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}
