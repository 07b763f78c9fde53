import { Type, type Static } from 'typebox'
import { ColumnType } from './stored-definition.js'

/** What a look at a first file tells about one of its columns. Empty values are missing. */
export const InferredColumn = Type.Object({
  name: Type.String(),
  /** The narrowest type that every value has under the contract; `text` is free text or nothing at all. */
  type: ColumnType,
  /** Distinct values. */
  distinct: Type.Integer(),
  /** Share of the rows without a value, in [0, 1]. */
  missing: Type.Number(),
  /** Distinct values as a share of the rows that have one, in [0, 1]. */
  unique: Type.Number(),
  /** Whether every value is a whole number. */
  whole: Type.Boolean(),
  /** Smallest and largest value of a number, as it is; of a time, as ISO 8601. */
  min: Type.Optional(Type.String()),
  max: Type.Optional(Type.String()),
  /** Of a time: how far the newest fifth of the rows reaches back, milliseconds; a few odd rows do not move it. */
  newestFifth: Type.Optional(Type.Number()),
  /** All values in order, where there are few. */
  values: Type.Optional(Type.Array(Type.String())),
  /** Values that keep the column from being a number, where nearly all are. */
  strays: Type.Optional(Type.Object({ rows: Type.Integer(), example: Type.String() })),
})
export type InferredColumn = Static<typeof InferredColumn>

/** What a look at a first file tells. */
export const InferredData = Type.Object({
  /** Rows that were looked at. */
  rows: Type.Integer(),
  /** Whether these are all the rows of the file. */
  complete: Type.Boolean(),
  /** In the order of the file. */
  columns: Type.Array(InferredColumn),
})
export type InferredData = Static<typeof InferredData>
