import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'module'

export const options = Type.Object(
  {
    path: Type.String({ minLength: 1 }),
    predictor: Type.Optional(Type.String({ minLength: 1 })),
    parameters: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: false },
)

export interface ModuleOptions {
  /** A module that loads what this one leaves and predicts; bundled into the model package. */
  readonly predictor?: string
  readonly parameters?: Readonly<Record<string, unknown>>
}

/** What a module trainer's default export is called with. */
export interface TrainingContext {
  /** Folders with `train.csv` and `train.parquet`, `validation.csv` and `validation.parquet`. */
  readonly trainFolder: string
  readonly validationFolder: string
  /** Where the model is to be left. */
  readonly modelFolder: string
  /** Only in a second training, on every row: the package of the first, e.g. to tell how long that was trained. */
  readonly checkedFolder?: string
  readonly target: string
  /** Name of the column that says how much a row counts, if there is one. */
  readonly weight?: string
  readonly task: 'regression' | 'classification'
  readonly parameters: Readonly<Record<string, unknown>>
  readonly seed: number
}

/** A trainer in TypeScript: a module of the project whose default export is `(context: TrainingContext) => Promise<void>`. */
export function module(path: string, { predictor, parameters = {} }: ModuleOptions = {}): AdapterReference {
  return { kind, options: { path, parameters, ...(predictor === undefined ? {} : { predictor }) } }
}
