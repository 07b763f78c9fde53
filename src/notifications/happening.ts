import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { NotificationKind } from '../define/notify.js'
import type { RecordedEvent } from '../runs/event.js'

/** Kinds of events that may be told. */
export const toldEvents: readonly string[] = ['run.ended', 'champion.moved', 'rollout.live', 'rollout.rolled-back', 'rollout.aborted', 'version.created', 'drop.quarantined', 'drop.overdue', 'schedule.missed', 'source.failed', 'model.below-standard', 'model.meets-standard']

/** What the words of a notification are made from; any of it may be absent. */
export const Facts = Type.Object({
  outcome: Type.Optional(Type.String()),
  explanation: Type.Optional(Type.String()),
  version: Type.Optional(Type.Integer()),
  previous: Type.Optional(Type.Integer()),
  cause: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  state: Type.Optional(Type.String()),
  drop: Type.Optional(Type.String()),
  key: Type.Optional(Type.String()),
  summary: Type.Optional(Type.String()),
  source: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  cron: Type.Optional(Type.String()),
  count: Type.Optional(Type.Integer()),
  first: Type.Optional(Type.String()),
  last: Type.Optional(Type.String()),
  since: Type.Optional(Type.String()),
  dropsBefore: Type.Optional(Type.Boolean()),
  milliseconds: Type.Optional(Type.Number()),
  rollout: Type.Optional(Type.String()),
  champion: Type.Optional(Type.Integer()),
})
export type Facts = Type.Static<typeof Facts>

/** What is of another form than is known here is left out. */
export function factsOf({ data }: RecordedEvent): Facts {
  return Value.Parse(Facts, Object.fromEntries(Object.entries(Facts.properties).flatMap(([name, schema]) => (Value.Check(schema, data[name]) ? [[name, data[name]]] : []))))
}

/**
 * What an event may be told as; undefined: as nothing. What a run has done is told when it ends, for only then it says
 * why: its version and its move of the champion are not told by themselves. A version that is rolled out is told when it
 * has come all the way, or was rolled back.
 */
export function happeningOf(event: RecordedEvent): NotificationKind | undefined {
  const { outcome, cause, state, rollout } = factsOf(event)
  switch (event.kind) {
    case 'run.ended':
      switch (outcome) {
        case 'promoted':
          return rollout === undefined ? outcome : undefined
        case 'failed':
        case 'awaiting-approval':
          return outcome
        case 'rejected':
          return 'rejected-in-a-row'
        default:
          return undefined
      }
    case 'champion.moved':
      if (cause === 'rollback') return 'rolled-back'
      if (rollout !== undefined) return undefined
      // An approval comes when its run has ended already.
      return event.run === undefined || cause === 'approve' ? 'promoted' : undefined
    case 'rollout.live':
      return 'promoted'
    case 'rollout.rolled-back':
      return 'rolled-back'
    case 'rollout.aborted':
      return cause === 'rollback' ? 'rolled-back' : undefined
    case 'version.created':
      return state === 'awaiting-approval' && event.run === undefined ? 'awaiting-approval' : undefined
    case 'drop.quarantined':
      return 'quarantined'
    case 'drop.overdue':
      return 'drop-overdue'
    case 'schedule.missed':
      return 'schedule-missed'
    case 'source.failed':
      return 'source-failed'
    case 'model.below-standard':
      return 'below-standard'
    case 'model.meets-standard':
      return 'meets-standard'
    default:
      return undefined
  }
}
