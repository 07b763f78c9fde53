import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'
import { jsonParser } from '../http/json-parser.js'
import type { LiveSet } from './live-set.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of one that asks for predictions: tells that its body is here. */
    bodyCame: (() => void) | undefined
  }
}

/** Largest body of one request, bytes. */
export const LARGEST_BODY_BYTES = 16 * 1024 * 1024
/** Bytes that the bodies under way may have together, and below which one is not counted. */
const MOST_BODY_BYTES = 256 * 1024 * 1024
const SMALL_BODY_BYTES = 64 * 1024

/** How long this server waits for its callers, and for how many of them. */
export const patience = { requestMs: 60_000, connections: 10_000, takeMs: 60_000, leaveMs: 2000 }

/** Refuses, before their bodies are read, requests that could not be answered in time, or held in memory; none may be larger than `largestBody` bytes. */
export function refuseEarly(app: Pick<FastifyInstance, 'addHook' | 'decorateRequest' | 'addContentTypeParser' | 'removeContentTypeParser' | 'getDefaultJsonParser'>, live: Pick<LiveSet, 'expect' | 'refuseWhenFull'>, largestBody: number): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, unlessFull(live, jsonParser(app)))
  app.decorateRequest('bodyCame', undefined)
  let held = 0
  app.addHook('onRequest', (request, reply, done) => {
    // Whose bodies nobody reads.
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    const model = modelAskedBy(request)
    if (model !== undefined) {
      request.bodyCame = live.expect(model)
      // Also where it never comes.
      reply.raw.once('close', request.bodyCame)
    }
    const bytes = announcedBytes(request, largestBody)
    if (bytes > SMALL_BODY_BYTES) {
      if (held + bytes > MOST_BODY_BYTES) throw refitError('serving-busy', {})
      held += bytes
      // Also where the caller has gone meanwhile.
      reply.raw.once('close', () => {
        held -= bytes
      })
    }
    return done()
  })
}

/** Reads a body unless so many have come while it did that it is refused: to parse it for nothing would take the time of those let in. */
export function unlessFull(live: Pick<LiveSet, 'refuseWhenFull'>, parser: FastifyBodyParser<string>): FastifyBodyParser<string> {
  return (request, body, done) => {
    request.bodyCame?.()
    const model = modelAskedBy(request)
    try {
      if (model !== undefined) live.refuseWhenFull(model)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
      return
    }
    return parser(request, body, done)
  }
}

function modelAskedBy(request: FastifyRequest): string | undefined {
  return request.routeOptions.config.asks?.(request)
}

/** What a body may come to; one that does not say may be as long as any. */
function announcedBytes({ headers }: FastifyRequest, largest: number): number {
  const length = headers['content-length']
  if (length !== undefined) return Math.min(Number(length), largest)
  return headers['transfer-encoding'] === undefined ? 0 : largest
}
