import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { endProcesses } from '../processes/end.js'
import { runChildJob } from '../processes/child-job.js'
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
/** Longer than anybody waits: how much there is to score is not known here. */
const LONGEST_MS = 20 * 24 * 3_600_000

/**
 * Scores a file in a child with limits, or goes on where an earlier one was ended.
 * @throws RefitError as `scoreFile`; `process-died`, `process-memory`
 */
export async function runScoring({ entry, token, environment, onProgress, ...input }: ScoringRequest, signal: AbortSignal): Promise<Scored> {
  // What a killed parent has left would write into the very same parts.
  await endProcesses((each) => each === token)
  let told = ''
  const look = async (): Promise<void> => {
    const text = await readFile(join(input.workFolder, PROGRESS_FILE), 'utf8').catch(() => '')
    if (text === told || text === '') return
    told = text
    const progress: unknown = JSON.parse(text)
    if (Value.Check(ScoringProgress, progress)) onProgress(progress)
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  try {
    return await runChildJob(
      {
        entry,
        input: input satisfies ScoreInput,
        output: Scored,
        token,
        limits: { milliseconds: LONGEST_MS, memoryBytes: input.memoryBytes },
        workingFolder: input.workFolder,
        environment,
        logFile: join(input.workFolder, 'log'),
      },
      signal,
    )
  } finally {
    clearInterval(timer)
  }
}
