import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Selectable } from 'kysely'
import type { RunOutcome, RunState, Schema } from '../database/schema.js'
import { StoredModel } from '../define/stored-definition.js'
import { Offer } from './offer.js'

/** Why a run started. Several causes fall together in one waiting run. */
export const Cause = Type.Object({
  trigger: Type.Union([Type.Literal('arrival'), Type.Literal('schedule'), Type.Literal('manual'), Type.Literal('withdrawal'), Type.Literal('champion'), Type.Literal('definition'), Type.Literal('promote'), Type.Literal('adopt')]),
  actor: Type.String(),
  at: Type.String(),
  /** E.g. the occurrence of a schedule, or the reason someone gave. */
  detail: Type.Optional(Type.String()),
})
export type Cause = Static<typeof Cause>

/** An error as a run keeps it. Only a bug has a stack. */
export const RunError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.Optional(Type.String()),
  faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  stack: Type.Optional(Type.String()),
})
export type RunError = Static<typeof RunError>

/** One pass through the lifecycle. */
export interface Run {
  /** `<model>-<number>` */
  readonly id: string
  readonly model: string
  readonly number: number
  readonly state: RunState
  readonly outcome: RunOutcome | undefined
  readonly causes: readonly Cause[]
  readonly force: boolean
  /** The candidate that it was given; undefined: it trains one. */
  readonly offer: Offer | undefined
  /** As it was when the run became active. */
  readonly definition: StoredModel | undefined
  readonly generation: number
  readonly cancelRequested: boolean
  readonly snapshot: string | undefined
  readonly fingerprint: string | undefined
  readonly candidate: string | undefined
  /** JSON of the verdict; `evaluation` decodes it. */
  readonly verdict: unknown
  readonly version: number | undefined
  readonly explanation: string | undefined
  readonly error: RunError | undefined
  readonly createdAt: Date
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
}

/** Decodes a row of `runs`. */
export function runFromRow(row: Selectable<Schema['runs']>): Run {
  return {
    id: row.id,
    model: row.model,
    number: row.number,
    state: row.state,
    outcome: row.outcome ?? undefined,
    causes: Value.Parse(Type.Array(Cause), row.causes),
    force: row.force,
    offer: row.offer === null ? undefined : Value.Parse(Offer, row.offer),
    definition: row.definition === null ? undefined : Value.Parse(StoredModel, row.definition),
    generation: row.generation,
    cancelRequested: row.cancel_requested,
    snapshot: row.snapshot ?? undefined,
    fingerprint: row.fingerprint ?? undefined,
    candidate: row.candidate ?? undefined,
    verdict: row.verdict ?? undefined,
    version: row.version ?? undefined,
    explanation: row.explanation ?? undefined,
    error: row.error === null ? undefined : Value.Parse(RunError, row.error),
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  }
}
