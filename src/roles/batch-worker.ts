import { join } from 'node:path'
import { carryJob, clearEnded, type JobRooms } from '../batch/carry-job.js'
import { startBatchWorker } from '../batch/worker.js'
import type { HintedLoop } from '../hinted-loop.js'
import type { Rooms } from '../lifecycle/run.js'
import { tokenPrefix } from '../lifecycle/run.js'
import { waitingObjects } from '../objects/waiting.js'
import { predictorEnvironment } from '../predictors/predictor-environment.js'
import type { WorkflowLog } from '../workflow/durable.js'
import { pausePoint } from '../workflow/pause-point.js'

/** Carries the batch jobs of a project until stopped, those under way at the last end first. A model may take `answerMilliseconds` for what it is asked at once. */
export async function startBatchJobs({ database, objects, clock, projectFolder, stateFolder }: Pick<Rooms, 'database' | 'objects' | 'clock' | 'projectFolder' | 'stateFolder'>, answerMilliseconds: number, log: WorkflowLog): Promise<HintedLoop> {
  const rooms: JobRooms = {
    database,
    objects,
    clock,
    projectFolder,
    folder: join(stateFolder, 'batch'),
    entry: new URL('./score-child.bundle.js', import.meta.url),
    tokenOf: (job) => tokenPrefix(stateFolder, `batch/${job}`),
    environment: predictorEnvironment(projectFolder),
    answerMilliseconds,
    warn: (message) => log.warn(message),
    pause: pausePoint,
  }
  await clearEnded(rooms)
  return startBatchWorker({
    database,
    clock,
    log,
    carry: (job, signal) => {
      const waiting = waitingObjects(objects, {
        clock,
        signal,
        onAway: ({ message }) => log.warn(`batch job ${job.id} waits for the object store: ${message}`),
        onBack: () => log.info(`batch job ${job.id} goes on: the object store is back`),
      })
      return carryJob({ ...rooms, objects: waiting }, job, signal)
    },
  })
}
