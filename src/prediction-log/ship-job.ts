import { Type, type Static } from 'typebox'
import { SpoolHead } from '../predictions/logged-answer.js'

/** What the child that makes Parquet of spooled files is given: files of one version with the same columns. */
export const ShipInput = Type.Object({
  head: SpoolHead,
  files: Type.Array(Type.String(), { minItems: 1 }),
  output: Type.String(),
  memoryBytes: Type.Integer(),
  spillFolder: Type.String(),
})
export type ShipInput = Static<typeof ShipInput>

/** What it has written; without a row there is no file. `unread` are lines that are whole and could not be read. Times are ISO 8601. */
export const Shipped = Type.Object({ rows: Type.Integer(), unread: Type.Integer(), firstAt: Type.Optional(Type.String()), lastAt: Type.Optional(Type.String()) })
export type Shipped = Static<typeof Shipped>
