import { Type, type Static } from 'typebox'
import { Comparison } from '../../rollouts/compare.js'
import { Instant } from './time.js'

export const RolloutState = Type.Union([Type.Literal('running'), Type.Literal('paused'), Type.Literal('live'), Type.Literal('rolled-back'), Type.Literal('aborted')])

/** The way of a version into traffic. */
export const RolloutSummary = Type.Object({
  id: Type.String(),
  model: Type.String(),
  number: Type.Integer(),
  version: Type.Integer(),
  /** Beside which it is compared. */
  champion: Type.Integer(),
  state: RolloutState,
  /** From 1 on. */
  step: Type.Integer(),
  steps: Type.Array(Type.String(), { description: 'In words, e.g. `10 % for 10 minutes`' }),
  /** What the present step lasts by now, without pauses, and at least, in milliseconds. */
  elapsed: Type.Integer(),
  lasts: Type.Integer(),
  /** Whether the step is over but for its traffic. */
  waits: Type.Boolean(),
  actor: Type.String(),
  reason: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
  /** Why it ended so, in one sentence. */
  explanation: Type.Optional(Type.String()),
  startedAt: Instant,
  endedAt: Type.Optional(Instant),
})
export type RolloutSummary = Static<typeof RolloutSummary>

/** What serving has seen of one step. */
export const StepAnswer = Type.Object({
  step: Type.Integer(),
  text: Type.String(),
  requests: Type.Object({ champion: Type.Integer(), challenger: Type.Integer() }),
  /** Requests that were not mirrored, for the version was busy. */
  dropped: Type.Integer(),
  comparisons: Type.Array(Comparison),
  failed: Type.Optional(Type.String()),
})
export type StepAnswer = Static<typeof StepAnswer>

export const RolloutDetail = Type.Object({ ...RolloutSummary.properties, figures: Type.Array(StepAnswer, { description: 'Of each step that has begun' }) })
export type RolloutDetail = Static<typeof RolloutDetail>

export const RolloutList = Type.Object({ rollouts: Type.Array(RolloutSummary), before: Type.Optional(Type.Integer({ description: 'Pass it to read the next, older page' })) })
export type RolloutList = Static<typeof RolloutList>
