import type { Signature, SignatureColumn } from '../packages/manifest.js'
import type { Wanted } from './want.js'

/** A value of a feature; null where it is missing. Categories are strings, always. */
export type FeatureValue = number | string | boolean | null

/** Rows as columns: every array has `rows` elements; one array for each input of the signature. */
export interface FeatureBatch {
  readonly rows: number
  readonly columns: Readonly<Record<string, readonly FeatureValue[]>>
}

/** Predictions for a batch, in its order. */
export type Predictions =
  | { readonly task: 'regression'; readonly values: Float64Array }
  | {
      readonly task: 'classification'
      /** Row-major, rows × classes, in the order of `signature.classes`. */
      readonly probabilities: Float64Array
    }

/** A loaded model. Safe to call concurrently; answers nothing after `close`. */
export interface Predictor {
  /**
   * Settles when nothing of it is under way any more. What has not begun when nobody wants it any more is not begun, and rejects
   * with the reason; what has begun may go on.
   */
  predict(batch: FeatureBatch, wanted?: Wanted): Promise<Predictions>
  close(): Promise<void>
  /** What a thread or process of its own holds of memory, in bytes, as last heard; of several, the most. Absent where it has none. */
  heldBytes?(): number | undefined
  /** Why a thread or process of its own ended the last time without having been asked to; undefined where none has. Another one is in its place, so nobody else need have noticed. */
  whyEnded?(): string | undefined
}

export interface ModelTakes {
  readonly names?: readonly string[]
  readonly width?: number
}

/**
 * How Python loads a package, for clients of MLflow: a folder of it is an MLflow model by itself (`.` for all of it), or
 * Python code of ours asks it.
 */
export type PythonForm =
  | { readonly folder: string }
  | {
      /** Paths of Python files, by the names that they get beside each other. `FORMAT_MODULE` has `open_model(folder, signature)`. */
      readonly code: Readonly<Record<string, string>>
      /** What has to be installed, as pip reads it. */
      readonly requirements: readonly string[]
      /** Further flavors of MLflow that the files have. */
      readonly flavors: Readonly<Record<string, object>>
    }

/** The Python module that opens a model of a format. */
export const FORMAT_MODULE = 'refit_format.py'

/** One model format: how it is recognised among what a trainer left, and how it is loaded. */
export interface PredictorAdapter {
  /** As in the package manifest. */
  readonly format: string
  /** Whether the files that a trainer left (paths relative to the folder) are of this format. */
  recognises(files: readonly string[]): boolean
  /**
   * Makes the folder of a trainer's output ready to be packaged, e.g. bundles a module, reads the class labels.
   * Returns the class labels in the order of the probabilities, empty for a regression. `interpreter` is the Python that the
   * definition trains with, if it names one.
   * @throws RefitError `model-unreadable`
   */
  finish(folder: string, signature: Signature, interpreter?: string): Promise<readonly string[]>
  /**
   * Brings the files of a model, as other tools leave it, into the form that is recognised; does nothing with those of other
   * formats.
   */
  arrange?(folder: string, files: readonly string[]): Promise<void>
  /**
   * What a model that was trained elsewhere says that it takes, beside the features there are: names of columns in its
   * order, or how many columns. Undefined, or absent, where it does not say.
   * @throws RefitError `model-unreadable`
   */
  takes?(folder: string, features: readonly SignatureColumn[], interpreter?: string): Promise<ModelTakes | undefined>
  /** @throws RefitError `model-unreadable` */
  load(folder: string, signature: Signature): Promise<Predictor>
  /**
   * How Python loads a package of this format; absent: it cannot. `read` gives the text of one of its files.
   * @throws RefitError `model-unreadable`
   */
  inPython?(read: (path: string) => Promise<string>): Promise<PythonForm>
  /**
   * For models that can answer in the thread that answers everybody. Without it, or for a model that it does not know how to
   * distil, serving gives each version a thread of its own.
   */
  readonly distilled?: DistilledForm
  /** Whether it asks processes of its own, so that nothing of a model runs where it is loaded: it needs no thread around it. */
  readonly staysBeside?: boolean
}

/** Another form of a model, in which it answers at once, and can neither hang nor end. */
export interface DistilledForm {
  /** What `finish` has left of it in a package: then it need not be made again. */
  kept(folder: string): Promise<unknown>
  /**
   * For a package that somebody brings whole: what it has of it must be what its model gives. Takes as long as `make`.
   * @throws RefitError `package-corrupt`, `model-unreadable`
   */
  requireOwn(folder: string): Promise<void>
  /**
   * Brings a model into that form, which crosses to other processes as it is; undefined where this model has none. May take its
   * time and memory: it has a process to itself.
   * @throws RefitError `model-unreadable`
   */
  make(folder: string, signature: Signature): Promise<unknown>
  /** What answers from it, as `load` would; undefined for what is no such form. */
  open(made: unknown, signature: Signature): Predictor | undefined
}
