import type { StoredModel } from '../define/stored-definition.js'

/** What a trainer is given. All paths are absolute; the folders exist. */
export interface TrainingRequest {
  readonly definition: StoredModel
  /** `definition.train.options`, validated by the adapter's schema. */
  readonly options: Readonly<Record<string, unknown>>
  readonly projectFolder: string
  /** The attempt's own folder, for scratch files. */
  readonly attemptFolder: string
  /** Folders that hold `train.parquet` and `train.csv`, `validation.parquet` and `validation.csv`: features, target and weight. */
  readonly trainFolder: string
  readonly validationFolder: string
  /** Where the model is to be left. */
  readonly modelFolder: string
  /** In a second training, on every row: the package of the first. */
  readonly checkedFolder?: string
  readonly rows: { readonly train: number; readonly validation: number }
  readonly seed: number
}

/** A process to start; the training contract's variables are added by the `train` stage. */
export interface TrainingCommand {
  readonly command: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly workingFolder: string
}

/** A Python environment as a definition asks for it. */
export interface LockedEnvironment {
  /** From the project's folder: `requirements.txt`, or `uv.lock`. */
  readonly lockFile: string
  /** The interpreter that it is made with. */
  readonly python: string
}

/** One way of training. A trainer only describes the process; the stage starts, limits and ends it. */
export interface Trainer {
  /** As in the definition's `train.kind`. */
  readonly kind: string
  /** Whether rows may count by their weight; where they cannot, the verdict warns. */
  readonly weighs: boolean
  /** Whether its program may log to MLflow's API. */
  readonly tracks: boolean
  /** The Python that its program is run by, as the definition names it; undefined or absent: it is none. */
  interpreter?(options: Readonly<Record<string, unknown>>): string | undefined
  /** The lock file that its program's Python environment is made from; undefined or absent: the interpreter is there. */
  locked?(options: Readonly<Record<string, unknown>>): LockedEnvironment | undefined
  /** The name of the logged model that counts, where the definition names one. */
  candidate?(options: Readonly<Record<string, unknown>>): string | undefined
  /** @throws RefitError when this request cannot be trained this way (`training-set-too-large`, …) */
  command(request: TrainingRequest): Promise<TrainingCommand>
}
