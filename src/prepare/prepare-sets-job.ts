import { Type, type Static } from 'typebox'
import { StoredColumn } from '../define/stored-definition.js'
import { PreparedColumn } from '../packages/manifest.js'

/** What the child that prepares the sets is given. */
export const PrepareSetsInput = Type.Object({
  /** The bundle, and the path by which its owner knows it. */
  bundle: Type.String(),
  path: Type.String(),
  /** Of the drops. */
  columns: Type.Record(Type.String(), StoredColumn),
  outputs: Type.Array(PreparedColumn),
  /** Names of what the model takes, in its order. */
  features: Type.Array(Type.String()),
  target: Type.String(),
  weight: Type.Optional(Type.String()),
  /** The sets as they were cut; its `train` and `validation` are replaced. */
  folder: Type.String(),
  /** To say from which drop a row came that cannot be prepared; `name` is what the drop arrived under. */
  parts: Type.Array(Type.Object({ drop: Type.String(), name: Type.String(), path: Type.String() })),
  memoryBytes: Type.Integer(),
  /** Longest time for the rows of one batch. */
  batchMilliseconds: Type.Integer(),
})
export type PrepareSetsInput = Static<typeof PrepareSetsInput>
