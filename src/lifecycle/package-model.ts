import type { SignatureColumn } from '../packages/manifest.js'
import { storePackage, type StoredPackage } from '../packages/store.js'
import { inputsOf, packagePrepareOf } from '../prepare/package-prepare.js'
import { predictorEnvironment } from '../predictors/predictor-environment.js'
import { runChildJob } from '../processes/child-job.js'
import type { Attempt } from '../workflow/stage.js'
import { attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { Packaged, type PackageInput } from './package-candidate.js'
import type { LifecycleRun, Rooms } from './run.js'
import { trainingInterpreter } from './training-interpreter.js'

/** A model in a folder. */
export interface ModelFolder {
  /** Of the attempt. */
  readonly folder: string
  readonly modelFolder: string
  /** The path of an example row. */
  readonly example: string
  /** The columns that the model takes, in its order; default: all there are. */
  readonly takes?: readonly SignatureColumn[] | undefined
  /** The model was logged under this name; this folder may then hold no other one. */
  readonly beside?: PackageInput['beside']
  /** The Python that it was trained by; default: as the definition says. */
  readonly interpreter?: string | undefined
}

/** Makes a package of a model and stores it, in a child with limits: the model is opened to read its classes. */
export async function packageModel(rooms: Rooms, run: LifecycleRun, data: Ingested, { folder, modelFolder, example, takes, beside, interpreter: trainedBy }: ModelFolder, attempt: Attempt): Promise<Packaged & StoredPackage> {
  const { columns, prepare, task, limits } = run.definition
  const target = Object.entries(columns).find(([, column]) => column.role === 'target')?.[0] ?? ''
  const prepared = prepare === undefined || data.prepare === undefined ? undefined : { bundle: await rooms.objects.localPath(data.prepare.object), ...packagePrepareOf(columns, prepare) }
  const interpreter = trainedBy ?? (await trainingInterpreter(rooms, run.definition))
  const packaged = await runChildJob(
    {
      entry: rooms.childEntries.package,
      input: {
        folder: modelFolder,
        example,
        ...(beside === undefined ? {} : { beside }),
        // What callers send is the whole row where it is prepared; the model then gets of it what it takes.
        signature: { task, inputs: prepared === undefined && takes !== undefined ? [...takes] : inputsOf(columns), target, classes: [] },
        ...(interpreter === undefined ? {} : { interpreter }),
        ...(prepared === undefined ? {} : { prepare: { ...prepared, features: takes === undefined ? prepared.features : [...takes] } }),
      } satisfies PackageInput,
      output: Packaged,
      token: attempt.token,
      limits: { milliseconds: limits.trainMilliseconds, memoryBytes: limits.trainMemoryBytes },
      workingFolder: folder,
      environment: predictorEnvironment(rooms.projectFolder),
      logFile: attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number),
    },
    attempt.signal,
  )
  return { ...packaged, ...(await storePackage(rooms.objects, modelFolder)) }
}
