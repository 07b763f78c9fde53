import { Type, type Static } from 'typebox'
import { Instant } from './time.js'

export const DropState = Type.Union([
  Type.Literal('recorded'),
  Type.Literal('ingested'),
  Type.Literal('quarantined'),
  Type.Literal('discarded'),
  Type.Literal('superseded'),
  Type.Literal('withdrawn'),
])
export type DropState = Static<typeof DropState>

const DropFault = Type.Object({
  code: Type.String(),
  column: Type.Optional(Type.String()),
  message: Type.String(),
  rows: Type.Optional(Type.Integer()),
  samples: Type.Optional(Type.Array(Type.Object({ row: Type.Integer(), value: Type.String() }))),
})

export const DropSummary = Type.Object({
  id: Type.String(),
  model: Type.String(),
  source: Type.String(),
  key: Type.String(),
  sha256: Type.String(),
  bytes: Type.Integer(),
  state: DropState,
  /** Why it is in that state. */
  reason: Type.Optional(Type.String()),
  faults: Type.Optional(Type.Array(DropFault)),
  rows: Type.Optional(Type.Integer()),
  oldest: Type.Optional(Instant),
  newest: Type.Optional(Instant),
  supersededBy: Type.Optional(Type.String()),
  /** The run that read it. */
  run: Type.Optional(Type.String()),
  recordedAt: Instant,
  changedAt: Instant,
})
export type DropSummary = Static<typeof DropSummary>

export const DropDetail = Type.Object({
  ...DropSummary.properties,
  /** Digests of the snapshots that it is part of. */
  snapshots: Type.Array(Type.String()),
})
export type DropDetail = Static<typeof DropDetail>

export const DropList = Type.Object({ drops: Type.Array(DropSummary), before: Type.Optional(Type.String({ description: 'Pass it to read the next, older page' })) })
export type DropList = Static<typeof DropList>

export const DropRecorded = Type.Object({
  drop: DropSummary,
  isNew: Type.Boolean({ description: 'False when the same bytes were recorded under this name before' }),
})
export type DropRecorded = Static<typeof DropRecorded>
