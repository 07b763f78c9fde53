import { Type, type Static } from 'typebox'
import { Signature } from '../packages/manifest.js'
import type { Side } from './prediction-id.js'

/** A class that was predicted, with the probabilities of all. */
export interface LoggedClass {
  readonly label: string
  readonly probabilities: Readonly<Record<string, number>>
}

/** An answer whose rows are to be logged. */
export interface LoggedAnswer {
  readonly id: string
  readonly model: string
  readonly version: number
  readonly generation: number
  readonly side: Side
  readonly at: Date
  readonly signature: Signature
  /** One array of values for each input, one value a row. */
  readonly features: Readonly<Record<string, readonly (number | string | boolean | null)[]>>
  readonly rows: number
  /** What the caller calls the rows, one a row. */
  readonly keys: readonly string[] | undefined
  readonly predictions: readonly (number | LoggedClass)[]
}

/** What of one model is logged. */
export const LogSettings = Type.Object({
  /** Of the answers, in (0, 1]. */
  share: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
  /** The inputs that are kept; absent: all. */
  columns: Type.Optional(Type.Array(Type.String())),
})
export type LogSettings = Static<typeof LogSettings>

/** The first line of a spooled file: what its rows are. All of them are of one version and have the same columns. */
export const SpoolHead = Type.Object({
  formatVersion: Type.Literal(1),
  model: Type.String(),
  version: Type.Integer(),
  task: Signature.properties.task,
  /** The inputs that are kept, which the lines name c0, c1, …. */
  columns: Type.Array(Signature.properties.inputs.items),
  /** In the order of the probabilities; of a regression none. */
  classes: Type.Array(Type.String()),
})
export type SpoolHead = Static<typeof SpoolHead>

/** Names of columns that the log itself has. */
const OURS = /^refit_/i

/** What is kept of a version's answers. */
export function headOf({ model, version, signature }: Pick<LoggedAnswer, 'model' | 'version' | 'signature'>, columns: readonly string[] | undefined): SpoolHead {
  const { task, classes, inputs } = signature
  return { formatVersion: 1, model, version, task, columns: inputs.filter(({ name }) => !OURS.test(name) && (columns === undefined || columns.includes(name))), classes }
}

/** One row of an answer as a line, without its end. */
export function lineOf(answer: LoggedAnswer, row: number, { columns, classes }: SpoolHead): string {
  const { id, at, generation, side, keys, features, predictions } = answer
  const prediction = predictions[row]
  const line: Record<string, unknown> = { id, row, at: at.toISOString(), generation, side }
  if (keys !== undefined) line['key'] = keys[row]
  for (const [index, { name }] of columns.entries()) line[`c${index}`] = features[name]?.[row] ?? null
  if (typeof prediction === 'number') line['y'] = prediction
  else if (prediction !== undefined) {
    line['y'] = prediction.label
    line['p'] = classes.map((label) => prediction.probabilities[label] ?? null)
  }
  return JSON.stringify(line)
}
