import { Type, type Static } from 'typebox'
import { DecisionKind } from '../../drops/transitions.js'
import { EventRecord } from './event.js'
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

export const DropFault = Type.Object({
  code: Type.String(),
  column: Type.Optional(Type.String()),
  message: Type.String(),
  rows: Type.Optional(Type.Integer()),
  samples: Type.Optional(Type.Array(Type.Object({ row: Type.Integer(), value: Type.String() }))),
  /** Where it is a bug of Refit: the stack. */
  stack: Type.Optional(Type.String()),
})

/** What someone decided about a drop. */
const HandDecision = Type.Object({ kind: DecisionKind, actor: Type.String(), at: Instant, reason: Type.String() })

export const DropSummary = Type.Object({
  id: Type.String(),
  model: Type.String(),
  source: Type.String(),
  key: Type.String(),
  sha256: Type.String(),
  bytes: Type.Integer(),
  /** Key of its raw bytes in the object store, or of the list of its files, and the version there, if it keeps versions. */
  object: Type.String(),
  objectVersion: Type.Optional(Type.String()),
  state: DropState,
  /** Why it is in that state. */
  reason: Type.Optional(Type.String()),
  faults: Type.Optional(Type.Array(DropFault)),
  rows: Type.Optional(Type.Integer()),
  oldest: Type.Optional(Instant),
  newest: Type.Optional(Instant),
  supersededBy: Type.Optional(Type.String()),
  /** Someone took the responsibility for its faults. */
  released: Type.Optional(Type.Boolean()),
  /** The last decision of a person about it. */
  decision: Type.Optional(HandDecision),
  /** Of how many snapshots it is part; in lists and details. */
  inSnapshots: Type.Optional(Type.Integer()),
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
  /** All that happened to it, in order. */
  history: Type.Array(EventRecord),
  /** What can be done about it, a sentence each. */
  nextSteps: Type.Array(Type.String()),
})
export type DropDetail = Static<typeof DropDetail>

export const DropList = Type.Object({ drops: Type.Array(DropSummary), before: Type.Optional(Type.String({ description: 'Pass it to read the next, older page' })) })
export type DropList = Static<typeof DropList>

export const DropRecorded = Type.Object({
  drop: DropSummary,
  isNew: Type.Boolean({ description: 'False when the same bytes were recorded under this name before' }),
})
export type DropRecorded = Static<typeof DropRecorded>

export const DecisionBody = Type.Object(
  {
    kind: DecisionKind,
    drops: Type.Array(Type.String(), { minItems: 1, maxItems: 1000, description: 'Ids, e.g. house-price-d7' }),
    reason: Type.String({ maxLength: 2000, description: 'Kept with the drop and in the event log' }),
    repair: Type.Optional(Type.Boolean({ description: 'Only with withdraw: repair what was made from the drops' })),
  },
  { additionalProperties: false },
)
export type DecisionBody = Static<typeof DecisionBody>

export const WithdrawalAnswer = Type.Object({
  versions: Type.Array(Type.Integer(), { description: 'Versions that were made from one of the drops, the newest first' }),
  champion: Type.Optional(Type.Integer({ description: 'Which of them serves, or served until the repair' })),
  activeRun: Type.Optional(Type.String({ description: 'The run under way whose snapshot holds one of the drops' })),
  repair: Type.Object({
    isDone: Type.Boolean({ description: 'False: the rest says what a repair would do' }),
    needsRun: Type.Boolean(),
    rollBackTo: Type.Optional(Type.Integer({ description: 'The version that serves then; absent: the champion stays' })),
    cancels: Type.Optional(Type.String({ description: 'The run that is ended' })),
    run: Type.Optional(Type.String({ description: 'The run that was asked for' })),
  }),
})
export type WithdrawalAnswer = Static<typeof WithdrawalAnswer>

export const DropsDecided = Type.Object({
  drops: Type.Array(DropSummary),
  returned: Type.Array(DropSummary, { description: 'Drops that one of them had superseded, and what became of them' }),
  withdrawal: Type.Optional(WithdrawalAnswer),
})
export type DropsDecided = Static<typeof DropsDecided>
