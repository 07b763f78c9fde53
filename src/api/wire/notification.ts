import { Type, type Static } from 'typebox'
import { NotificationKind } from '../../define/notify.js'
import { Instant } from './time.js'

export const NotificationTargets = Type.Object({
  targets: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.String(),
      on: Type.Array(NotificationKind),
      /** Absent: all. */
      models: Type.Optional(Type.Array(Type.String())),
      waiting: Type.Integer({ description: 'Notifications that wait to be sent, or to be tried again' }),
      failure: Type.Optional(Type.String({ description: 'Why the last try of one that waits did not succeed' })),
      givenUp: Type.Integer({ description: 'How many were given up in the last week' }),
      lastGivenUp: Type.Optional(Type.Object({ at: Instant, failure: Type.String() })),
      lastSentAt: Type.Optional(Instant),
    }),
  ),
})
export type NotificationTargets = Static<typeof NotificationTargets>

export const TestRequest = Type.Object({ target: Type.Optional(Type.String({ description: 'Name of one; otherwise each' })) }, { additionalProperties: false })

export const TestedTargets = Type.Object({
  targets: Type.Array(
    Type.Object({
      target: Type.String(),
      kind: Type.String(),
      taken: Type.Boolean(),
      detail: Type.String({ description: 'What the receiver answered, or why it did not take the message' }),
    }),
  ),
})
export type TestedTargets = Static<typeof TestedTargets>
