import type { FastifyRequest } from 'fastify'

/** Aborts when the caller has gone or the server closes, for answers that would go on for ever. */
export function endWithConnection(request: FastifyRequest, closing: AbortSignal): AbortSignal {
  const gone = new AbortController()
  request.raw.once('close', () => gone.abort())
  request.raw.socket.once('close', () => gone.abort())
  // It may have gone while something else was awaited: that is not told again.
  if (request.raw.socket.destroyed) gone.abort()
  return AbortSignal.any([gone.signal, closing])
}
