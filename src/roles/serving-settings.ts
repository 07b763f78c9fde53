import { Type, type Static } from 'typebox'
import { InvocationsDialect, StoredObjects } from '../define/stored-definition.js'
import { LogSettings } from '../predictions/logged-answer.js'
import { DEADLINE_MS } from '../serving/deadline.js'

/** What a serving process is told by whoever starts it. */
export const ServingSettings = Type.Object({
  stateFolder: Type.String(),
  /** From which Python models may name their interpreter. */
  projectFolder: Type.Optional(Type.String()),
  databaseUrl: Type.String(),
  /** Where packages come from, if not from the state folder. */
  objects: Type.Optional(StoredObjects),
  bind: Type.String(),
  port: Type.Integer(),
  hosts: Type.Array(Type.String()),
  origins: Type.Array(Type.String()),
  /** The model for which /invocations speaks, if for any, and how it understands callers of each model; absent: as MLflow. */
  invocations: Type.Optional(Type.String()),
  dialects: Type.Optional(Type.Record(Type.String(), InvocationsDialect)),
  /** With which answers get ids, in hexadecimal digits; absent: they get none, and nothing is logged. */
  predictionKey: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  /** What of each model is logged; absent: nothing. */
  logs: Type.Optional(Type.Record(Type.String(), LogSettings)),
  /** A request for predictions is answered within so long, or fails. */
  deadlineMs: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Processes that answer at the one port. */
  processes: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Which of them this is, from 1; absent where there is but one. */
  number: Type.Optional(Type.Integer({ minimum: 1 })),
})
export type ServingSettings = Static<typeof ServingSettings>

/** How long a request may be under way, milliseconds. */
export function deadlineOf({ deadlineMs = DEADLINE_MS }: Pick<ServingSettings, 'deadlineMs'>): number {
  return deadlineMs
}
