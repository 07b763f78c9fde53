import { refitError, type RefitError } from '../errors.js'
import type { TaskEnd } from '../executors/executor.js'
import { lastWords } from '../processes/last-words.js'
import type { LifecycleRun } from './run.js'

/** What a program of a training that ends by itself, and not well, is told as. */
export type FailureOf = (code: number, lastWords: string) => RefitError

const trainingFailed: FailureOf = (code, words) => refitError('training-failed', { code, lastWords: words })

/** @throws RefitError `training-failed`, or what `failure` gives, `training-killed`, `training-timeout`, `training-memory` */
export async function requireSuccess(end: TaskEnd, run: LifecycleRun, logFile: string, failure: FailureOf = trainingFailed): Promise<void> {
  const { limits } = run.definition
  switch (end.kind) {
    case 'exited':
      if (end.code !== 0) throw failure(end.code, await lastWords(logFile))
      return
    case 'killed':
      throw refitError('training-killed', { signal: end.signal, lastWords: await lastWords(logFile) })
    case 'timeout':
      throw refitError('training-timeout', { seconds: limits.trainMilliseconds / 1000 })
    case 'memory':
      throw refitError('training-memory', { used: megabytes(end.bytes), limit: megabytes(limits.trainMemoryBytes) })
    case 'cancelled':
      throw new Error('the training was cancelled')
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000)
}
