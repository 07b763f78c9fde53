import { Type, type Static } from 'typebox'
import { StoredColumn, StoredDelivery, StoredWindow } from '../define/stored-definition.js'

/** What the child that reads some rows of a snapshot is given. */
export const SampleInput = Type.Object({
  parts: Type.Array(Type.Object({ drop: Type.String(), path: Type.String() })),
  columns: Type.Record(Type.String(), StoredColumn),
  delivery: Type.Optional(StoredDelivery),
  window: StoredWindow,
  rows: Type.Integer({ minimum: 1 }),
  /** The same gives the same rows. */
  seed: Type.String(),
  memoryBytes: Type.Integer(),
  spillFolder: Type.String(),
})

/** A row with the drop that it came from; times are ISO 8601 in UTC. */
export const SampledRow = Type.Object({
  drop: Type.String(),
  values: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])),
})
export const SampledRows = Type.Array(SampledRow)
export type SampledRow = Static<typeof SampledRow>
