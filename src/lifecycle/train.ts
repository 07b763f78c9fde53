import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import type { Sets } from '../data/snapshot.js'
import { modelColumns } from '../define/resolve-prepare.js'
import { refitError } from '../errors.js'
import type { TaskEnd } from '../executors/executor.js'
import { Signature } from '../packages/manifest.js'
import { lastWords } from '../processes/last-words.js'
import { trainingEnvironment } from '../trainers/training-contract.js'
import type { Trainer, TrainingRequest } from '../trainers/trainer.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { attemptFolder, attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { PackageVersions } from '../packages/store.js'
import { packageModel } from './package-model.js'
import type { LifecycleRun, Rooms } from './run.js'
import { ensureSets } from './split.js'

export const Candidate = Type.Object({
  /** Of the package in the object store. */
  digest: Type.String(),
  format: Type.String(),
  signature: Signature,
  milliseconds: Type.Integer(),
  ...PackageVersions.properties,
})
export type Candidate = Static<typeof Candidate>

/** Runs the trainer in a process of its own and packages what it leaves. It never sees a test row. */
export async function train(rooms: Rooms, run: LifecycleRun, data: Ingested, former: Sets, attempt: Attempt): Promise<Commit<Candidate>> {
  const { definition } = run
  const trainer = rooms.trainers.get(definition.train.kind)
  if (trainer === undefined) throw new Error(`no trainer of kind ${definition.train.kind}`)
  const folder = await attemptFolder(rooms.stateFolder, attempt)
  const sets = await ensureSets(rooms, run, data, former, attempt, folder)
  const modelFolder = join(folder, 'model')
  await mkdir(modelFolder)
  const request: TrainingRequest = {
    definition: { ...definition, columns: modelColumns(definition) },
    options: definition.train.options,
    projectFolder: rooms.projectFolder,
    attemptFolder: folder,
    trainFolder: join(sets.folder, 'train'),
    validationFolder: join(sets.folder, 'validation'),
    modelFolder,
    rows: sets.rows,
    seed: data.seed,
  }
  const startedAt = performance.now()
  await runTrainer(rooms, run, trainer, request, attempt)
  const milliseconds = Math.round(performance.now() - startedAt)
  const { digest, format, signature, versions } = await packageModel(rooms, run, data, { folder, modelFolder, example: join(sets.folder, 'example.json') }, attempt)
  return async (transaction) => {
    await transaction.updateTable('runs').set({ candidate: digest }).where('id', '=', run.id).execute()
    return { digest, format, signature, milliseconds, ...versions }
  }
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
