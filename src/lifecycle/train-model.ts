import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { modelColumns } from '../define/resolve-prepare.js'
import { refitError } from '../errors.js'
import type { TaskEnd } from '../executors/executor.js'
import { lastWords } from '../processes/last-words.js'
import { trainingEnvironment } from '../trainers/training-contract.js'
import type { Trainer, TrainingRequest } from '../trainers/trainer.js'
import type { Attempt } from '../workflow/stage.js'
import type { Candidate } from './candidate.js'
import { attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { packageModel } from './package-model.js'
import type { LifecycleRun, Rooms } from './run.js'

/** What is trained on: a folder with `train`, `validation` and `example.json`. */
interface TrainingSets {
  readonly folder: string
  readonly rows: { readonly train: number; readonly validation: number }
  /** In a second training: the package of the first. */
  readonly checkedFolder?: string | undefined
}

/** Runs the trainer in a process of its own, in a folder of the attempt, and packages what it leaves. */
export async function trainModel(rooms: Rooms, run: LifecycleRun, data: Ingested, { folder: setsFolder, rows, checkedFolder }: TrainingSets, folder: string, attempt: Attempt): Promise<Candidate> {
  const { definition } = run
  const trainer = rooms.trainers.get(definition.train.kind)
  if (trainer === undefined) throw new Error(`no trainer of kind ${definition.train.kind}`)
  const modelFolder = join(folder, 'model')
  await mkdir(modelFolder)
  const request: TrainingRequest = {
    definition: { ...definition, columns: modelColumns(definition) },
    options: definition.train.options,
    projectFolder: rooms.projectFolder,
    attemptFolder: folder,
    trainFolder: join(setsFolder, 'train'),
    validationFolder: join(setsFolder, 'validation'),
    modelFolder,
    ...(checkedFolder === undefined ? {} : { checkedFolder }),
    rows,
    seed: data.seed,
  }
  const startedAt = performance.now()
  await runTrainer(rooms, run, trainer, request, attempt)
  const milliseconds = Math.round(performance.now() - startedAt)
  const { digest, format, signature, versions } = await packageModel(rooms, run, data, { folder, modelFolder, example: join(setsFolder, 'example.json') }, attempt)
  return { digest, format, signature, milliseconds, ...versions }
}

async function runTrainer(rooms: Rooms, run: LifecycleRun, trainer: Trainer, request: TrainingRequest, attempt: Attempt): Promise<void> {
  const { command, arguments: args, environment, workingFolder } = await trainer.command(request)
  const logFile = attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number)
  const { limits } = run.definition
  const end = await rooms.executor.run(
    {
      command,
      arguments: args,
      environment: { ...(await trainingEnvironment(request)), ...environment },
      workingFolder,
      token: attempt.token,
      limits: { milliseconds: limits.trainMilliseconds, memoryBytes: limits.trainMemoryBytes },
      logFile,
    },
    attempt.signal,
  )
  await requireSuccess(end, run, logFile)
}

async function requireSuccess(end: TaskEnd, run: LifecycleRun, logFile: string): Promise<void> {
  const { limits } = run.definition
  switch (end.kind) {
    case 'exited':
      if (end.code !== 0) throw refitError('training-failed', { code: end.code, lastWords: await lastWords(logFile) })
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
