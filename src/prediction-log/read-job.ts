import { Type, type Static } from 'typebox'

/** What the child that reads logged rows is given: up to `rows` of those of some files, going back. */
export const ReadInput = Type.Object({
  /** One after the other, each from the row below number `below` back to its first. */
  files: Type.Array(Type.Object({ path: Type.String(), below: Type.Integer() })),
  rows: Type.Integer({ minimum: 1 }),
  /** Only rows of this answer. */
  prediction: Type.Optional(Type.String()),
  memoryBytes: Type.Integer(),
  spillFolder: Type.String(),
})
export type ReadInput = Static<typeof ReadInput>

const Value = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])

/** A row that was asked, and what was answered; `row` is its place in the request, from 0 on. */
export const LoggedRow = Type.Object({
  prediction: Type.String(),
  row: Type.Integer(),
  /** ISO 8601. */
  at: Type.String(),
  version: Type.Integer(),
  side: Type.Union([Type.Literal('champion'), Type.Literal('challenger')]),
  key: Type.Optional(Type.String()),
  values: Type.Record(Type.String(), Value),
  predicted: Type.Union([Type.Number(), Type.String()]),
  /** Of a classification, in the order of the version's classes. */
  probabilities: Type.Optional(Type.Array(Type.Number())),
})
export type LoggedRow = Static<typeof LoggedRow>

/** What the child has read; where there is more than it gives at once, `left` is the file to go on in. */
export const ReadRows = Type.Object({
  rows: Type.Array(LoggedRow),
  left: Type.Optional(Type.Object({ index: Type.Integer(), below: Type.Integer() })),
})
export type ReadRows = Static<typeof ReadRows>
