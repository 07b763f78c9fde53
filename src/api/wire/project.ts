import { Type, type Static } from 'typebox'
import { Instant } from './time.js'

export const Health = Type.Object({ status: Type.Literal('ok') })
export type Health = Static<typeof Health>

/** What a serving process says it answers from. */
export const Replica = Type.Object({
  address: Type.String(),
  pid: Type.Integer(),
  seenAt: Instant,
  live: Type.Array(Type.Object({ model: Type.String(), version: Type.Integer(), generation: Type.Integer(), digest: Type.String() })),
})

export const ProjectStatus = Type.Object({
  folder: Type.String(),
  /** Of the project; absent: none. */
  environment: Type.Optional(Type.String()),
  /** Version of Refit. */
  refit: Type.String(),
  pid: Type.Integer(),
  startedAt: Instant,
  servingUrl: Type.Optional(Type.String()),
  answerWithinSeconds: Type.Optional(Type.Number({ description: 'So long a model may take for what it is asked at once' })),
  /** The serving processes heard of in the last minute. */
  replicas: Type.Array(Replica),
})
export type ProjectStatus = Static<typeof ProjectStatus>

export const ShutdownRequest = Type.Object(
  { keepServing: Type.Optional(Type.Boolean({ description: 'Serving goes on answering, and the next start adopts it', default: false })) },
  { additionalProperties: false },
)

export const ShuttingDown = Type.Object({ pid: Type.Integer() })
export type ShuttingDown = Static<typeof ShuttingDown>
