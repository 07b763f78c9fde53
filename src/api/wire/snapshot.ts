import { Type, type Static } from 'typebox'
import { SnapshotProfile } from '../../data/profile.js'
import { SampledRow } from '../../data/sample-job.js'
import { StoredWindow } from '../../define/stored-definition.js'
import { Instant } from './time.js'

export const SnapshotSummary = Type.Object({
  digest: Type.String(),
  createdAt: Instant,
  /** Of all its drops, within the window or not. */
  rows: Type.Integer(),
  drops: Type.Integer(),
  window: StoredWindow,
  /** Of its rows, where the model has a time column. */
  oldest: Type.Optional(Instant),
  newest: Type.Optional(Instant),
})
export type SnapshotSummary = Static<typeof SnapshotSummary>

export const SnapshotList = Type.Object({ snapshots: Type.Array(SnapshotSummary), before: Type.Optional(Type.String({ description: 'Pass it to read the next, older page' })) })
export type SnapshotList = Static<typeof SnapshotList>

/** A column that has moved since the former snapshot, in a few words and figures. */
export const MovedColumn = Type.Object({ column: Type.String(), moved: Type.Union([Type.Literal('some'), Type.Literal('much')]), text: Type.String() })
export type MovedColumn = Static<typeof MovedColumn>

export const SnapshotDetail = Type.Object({
  ...SnapshotSummary.properties,
  parts: Type.Array(Type.Object({ drop: Type.String(), key: Type.String(), rows: Type.Integer(), oldest: Type.Optional(Instant), newest: Type.Optional(Instant) })),
  /** Absent until a run has cut it into sets. */
  profile: Type.Optional(SnapshotProfile),
  /** The columns that have moved since the former snapshot, the furthest first. */
  moved: Type.Array(MovedColumn),
})
export type SnapshotDetail = Static<typeof SnapshotDetail>

/** Some rows, always the same ones of a snapshot. */
export const SnapshotSample = Type.Object({ digest: Type.String(), rows: Type.Array(SampledRow) })
export type SnapshotSample = Static<typeof SnapshotSample>
