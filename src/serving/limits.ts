import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'
import { jsonParser } from '../http/json-parser.js'
import type { LiveSet } from './live-set.js'
import type { Place } from './places.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of one that asks for predictions: tells that its body is here. */
    bodyCame: (() => void) | undefined
    /** Of one that has been let in. */
    place: Place | undefined
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
export function refuseEarly(app: Pick<FastifyInstance, 'addHook' | 'decorateRequest' | 'addContentTypeParser' | 'removeContentTypeParser' | 'getDefaultJsonParser'>, live: Pick<LiveSet, 'expect' | 'enter'>, largestBody: number): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, inTurn(live, jsonParser(app)))
  app.decorateRequest('bodyCame', undefined)
  app.decorateRequest('place', undefined)
  let held = 0
  app.addHook('onRequest', (request, reply, done) => {
    // Whose bodies nobody reads.
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    const model = modelAskedBy(request)
    if (model !== undefined) {
      request.bodyCame = live.expect(model)
      reply.raw.once('close', () => {
        // Also where it never came, or what it asks was refused.
        request.bodyCame?.()
        request.place?.giveBack()
      })
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

/** Reads a body when its request may begin: to parse it takes as long as many a prediction, and whoever waits can be refused meanwhile. */
export function inTurn(live: Pick<LiveSet, 'enter'>, parser: FastifyBodyParser<string>): FastifyBodyParser<string> {
  return (request, body, done) => {
    request.bodyCame?.()
    const model = modelAskedBy(request)
    const refused = (error: unknown): void => {
      request.place?.giveBack()
      done(error instanceof Error ? error : new Error(String(error)))
    }
    try {
      request.place = model === undefined ? undefined : live.enter(model, request.want)
    } catch (error) {
      refused(error)
      return
    }
    if (request.place === undefined) void parser(request, body, done)
    else request.place.turn().then(() => void parser(request, body, done), refused)
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
