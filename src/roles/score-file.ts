import { scoreLocalFile, type LocalFileRequest, type ScoredFile } from '../batch/local-file.js'
import type { ScoringProgress } from '../batch/score-job.js'
import { predictorEnvironment } from '../predictors/predictor-environment.js'

export type { ScoredFile, ScoringProgress }

/** Scores a file of this machine by a version of a model, in a process of its own. @throws RefitError as `scoreLocalFile` */
export async function scoreFileHere(projectFolder: string, request: Omit<LocalFileRequest, 'entry' | 'environment'>, signal: AbortSignal): Promise<ScoredFile> {
  const entry = new URL('./score-child.bundle.js', import.meta.url)
  return scoreLocalFile({ ...request, entry, environment: predictorEnvironment(projectFolder) }, signal)
}
