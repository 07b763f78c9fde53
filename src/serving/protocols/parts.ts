import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Ask } from '../ask.js'
import type { LiveSet } from '../live-set.js'

/** What a protocol is made of: each asks the live versions in the same way, and differs in the wire alone. */
export interface ProtocolParts {
  readonly live: LiveSet
  readonly ask: Ask
  /** Whether the models that are to serve have been loaded once. */
  readonly isReady: () => boolean
}

/** Whoever may look may ask. */
export const viewer = { role: 'viewer' } as const

export const ModelName = Type.Object({ model: Type.String() })

/** The model in the path of a request. */
export function modelOf({ params }: FastifyRequest): string | undefined {
  return typeof params === 'object' && params !== null && 'model' in params && typeof params.model === 'string' ? params.model : undefined
}
