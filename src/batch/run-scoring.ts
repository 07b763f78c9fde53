import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'
import { endProcesses } from '../processes/end.js'
import { PARENT_VARIABLE } from '../processes/end-with-parent.js'
import { runChildJob } from '../processes/child-job.js'
import { forgetAsking, readAsking, type Asking } from './asking.js'
import { PROGRESS_FILE, Scored, ScoringProgress, type ScoreInput } from './score-job.js'

/** A file to score, and how. */
export interface ScoringRequest extends ScoreInput {
  /** The compiled entry of the child: the composition root knows the predictors. */
  readonly entry: URL
  /** Names this work: whatever of it is alive is ended before it goes on. */
  readonly token: string
  readonly environment: Readonly<Record<string, string>>
  readonly onProgress: (progress: ScoringProgress) => void
}

const LOOK_EVERY_MS = 250
/** Longer than anybody waits: how much there is to score is not known here. What hangs is found by what it was asked. */
const LONGEST_MS = 20 * 24 * 3_600_000
/** More than it may take to load a model anywhere else. */
const LOAD_MS = 180_000

/**
 * Scores a file in a child with limits, or goes on where an earlier one was ended. The child ends with this process.
 * @throws RefitError as `scoreFile`; `process-died`, `process-memory`, `batch-rows-hang`
 */
export async function runScoring({ entry, token, environment, onProgress, ...input }: ScoringRequest, signal: AbortSignal): Promise<Scored> {
  // What a killed parent has left would write into the very same parts.
  await endProcesses((each) => each === token)
  await forgetAsking(input.workFolder)
  let told = ''
  const look = async (): Promise<void> => {
    const text = await readFile(join(input.workFolder, PROGRESS_FILE), 'utf8').catch(() => '')
    if (text === told || text === '') return
    told = text
    const progress: unknown = JSON.parse(text)
    if (Value.Check(ScoringProgress, progress)) onProgress(progress)
  }
  const tooLong = new AbortController()
  const watch = hangWatch(input, () => tooLong.abort())
  const timer = setInterval(() => void Promise.all([look(), watch.look()]), LOOK_EVERY_MS)
  try {
    return await runChildJob(
      {
        entry,
        input: input satisfies ScoreInput,
        output: Scored,
        token,
        limits: { milliseconds: LONGEST_MS, memoryBytes: input.memoryBytes },
        workingFolder: input.workFolder,
        environment: { ...environment, [PARENT_VARIABLE]: String(process.pid) },
        logFile: join(input.workFolder, 'log'),
      },
      AbortSignal.any([signal, tooLong.signal]),
    )
  } catch (error) {
    if (tooLong.signal.aborted && !signal.aborted) throw watch.verdict()
    throw error
  } finally {
    clearInterval(timer)
  }
}

/** Looks for how long the model has been asked the same. */
function hangWatch({ workFolder, input, answerMilliseconds }: ScoreInput, tell: () => void): { look(): Promise<void>; verdict(): Error } {
  let asked: { readonly asking: Asking; readonly since: number } | undefined
  const limitOf = ({ from }: Asking): number => (from === 0 ? LOAD_MS : answerMilliseconds)
  return {
    look: async () => {
      const asking = await readAsking(workFolder)
      if (asking === undefined) asked = undefined
      else if (asking.question !== asked?.asking.question) asked = { asking, since: performance.now() }
      else if (performance.now() - asked.since > limitOf(asking)) tell()
    },
    verdict: () => {
      if (asked === undefined || asked.asking.from === 0) return refitError('model-unreadable', { reason: `it was not loaded within ${LOAD_MS / 1000} seconds` })
      const { from, to } = asked.asking
      return refitError('batch-rows-hang', { file: input.name, rows: from === to ? `row ${from}` : `rows ${from} to ${to}`, seconds: answerMilliseconds / 1000 })
    },
  }
}
