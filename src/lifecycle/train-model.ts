import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { modelColumns } from '../define/resolve-prepare.js'
import { basicEnvironment } from '../processes/run-process.js'
import { trainingEnvironment } from '../trainers/training-contract.js'
import type { TrainingCommand, TrainingRequest } from '../trainers/trainer.js'
import type { Attempt } from '../workflow/stage.js'
import type { Candidate } from './candidate.js'
import { attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { packageModel } from './package-model.js'
import { ensureEnvironment, type PythonEnvironment } from './python-environment.js'
import { requireSuccess } from './require-success.js'
import type { LifecycleRun, Rooms } from './run.js'
import { openTracking, type TrackedTraining } from './tracked-training.js'

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
  const command = await trainer.command(request)
  const locked = trainer.locked?.(request.options)
  const python = locked === undefined ? undefined : await ensureEnvironment(rooms, run, locked, command.environment, attempt)
  const tracked = trainer.tracks ? await openTracking(rooms, run, command.environment, attempt) : undefined
  try {
    await runTrainer(rooms, run, python === undefined ? command : within(command, python), request, attempt, tracked)
    const milliseconds = Math.round(performance.now() - startedAt)
    const logged = await tracked?.fetchModel(folder, trainer.candidate?.(request.options))
    const model = logged === undefined ? { modelFolder } : { modelFolder: logged.folder, beside: { logged: logged.name, folder: modelFolder } }
    const { digest, format, signature, versions } = await packageModel(rooms, run, data, { folder, ...model, interpreter: python?.interpreter, example: join(setsFolder, 'example.json') }, attempt)
    await tracked?.end('FINISHED')
    return { digest, format, signature, milliseconds, ...(tracked === undefined ? {} : { mlflowRun: tracked.id }), ...versions }
  } catch (error) {
    await tracked?.end(attempt.signal.aborted ? 'KILLED' : 'FAILED')
    throw error
  }
}

/** The environment's programs come first. */
function within(command: TrainingCommand, { folder }: PythonEnvironment): TrainingCommand {
  const path = command.environment['PATH'] ?? basicEnvironment()['PATH'] ?? ''
  return { ...command, environment: { ...command.environment, VIRTUAL_ENV: folder, PATH: `${join(folder, 'bin')}:${path}` } }
}

async function runTrainer(rooms: Rooms, run: LifecycleRun, training: TrainingCommand, request: TrainingRequest, attempt: Attempt, tracked: TrackedTraining | undefined): Promise<void> {
  const { command, arguments: args, environment, workingFolder } = training
  const logFile = attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number)
  const { limits } = run.definition
  const ended = rooms.executor.run(
    {
      command,
      arguments: args,
      environment: { ...(await trainingEnvironment(request)), ...tracked?.environment, ...environment },
      workingFolder,
      token: attempt.token,
      limits: { milliseconds: limits.trainMilliseconds, memoryBytes: limits.trainMemoryBytes },
      logFile,
    },
    attempt.signal,
  )
  await requireSuccess(await ended.finally(() => tracked?.close()), run, logFile)
}
