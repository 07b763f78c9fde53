import { Type, type Static } from 'typebox'
import { Instant } from './time.js'

export const Health = Type.Object({ status: Type.Literal('ok') })
export type Health = Static<typeof Health>

/** What a serving process says it answers from. */
export const Replica = Type.Object({
  address: Type.String(),
  seenAt: Instant,
  live: Type.Unknown(),
})

export const ProjectStatus = Type.Object({
  folder: Type.String(),
  /** Version of Refit. */
  refit: Type.String(),
  pid: Type.Integer(),
  startedAt: Instant,
  servingUrl: Type.Optional(Type.String()),
})
export type ProjectStatus = Static<typeof ProjectStatus>

export const ShuttingDown = Type.Object({ pid: Type.Integer() })
export type ShuttingDown = Static<typeof ShuttingDown>
