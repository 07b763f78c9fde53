import { Type, type Static } from 'typebox'
import { Instant } from './time.js'

export const EventRecord = Type.Object({
  cursor: Type.String({ description: 'Opaque; pass it to read what came after' }),
  at: Instant,
  actor: Type.String(),
  kind: Type.String(),
  model: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
  /** The event in words, one line. */
  text: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown()),
})
export type EventRecord = Static<typeof EventRecord>

export const EventList = Type.Object({
  events: Type.Array(EventRecord),
  after: Type.Optional(Type.String({ description: 'Pass it to read what comes next' })),
})
export type EventList = Static<typeof EventList>
