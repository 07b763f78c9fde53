import { Type, type Static } from 'typebox'
import { StoredColumn, StoredDelivery, StoredSplit, StoredWindow } from '../define/stored-definition.js'
import { FormerProfile, SnapshotProfile } from './profile.js'
import { Sets } from './snapshot.js'

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
  /** The former snapshot, to tell what has moved. */
  former: Type.Optional(FormerProfile),
})

/** The sets, with what the rows that they were cut from look like. */
export const CutSets = Type.Object({ ...Sets.properties, profile: SnapshotProfile })
export type CutSets = Static<typeof CutSets>
