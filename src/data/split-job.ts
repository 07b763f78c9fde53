import { Type } from 'typebox'
import { StoredColumn, StoredDelivery, StoredSplit, StoredWindow } from '../define/stored-definition.js'

/** What the child that cuts the sets is given. */
export const SplitInput = Type.Object({
  parts: Type.Array(Type.Object({ drop: Type.String(), path: Type.String() })),
  columns: Type.Record(Type.String(), StoredColumn),
  delivery: Type.Optional(StoredDelivery),
  window: StoredWindow,
  split: StoredSplit,
  holdout: Type.Optional(Type.Number()),
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
  memoryBytes: Type.Integer(),
  outputFolder: Type.String(),
})
