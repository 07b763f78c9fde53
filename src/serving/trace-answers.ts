import type { FastifyInstance } from 'fastify'
import type { Traced, Traces } from '../telemetry/traces.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Its span, where requests are traced. */
    traced: Traced | undefined
  }
}

/** A span for whatever asks for predictions, from its head to the end of its answer, refusals too. Without traces, none. */
export function traceAnswers(app: Pick<FastifyInstance, 'decorateRequest' | 'addHook'>, traces: Traces | undefined): void {
  app.decorateRequest('traced', undefined)
  if (traces === undefined) return
  app.addHook('onRequest', (request, reply, done) => {
    const { url: route, config } = request.routeOptions
    if (config.asks !== undefined && route !== undefined) {
      const traced = traces.begin(`${request.method} ${route}`, request.headers, { 'http.request.method': request.method, 'http.route': route })
      request.traced = traced
      const model = config.asks(request)
      // As long as a name may be, whatever was sent.
      if (model !== undefined) traced.tell({ 'refit.model': model.slice(0, LONGEST_NAME) })
      // Also where the caller has gone meanwhile.
      reply.raw.once('close', () => {
        const isAnswered = reply.raw.writableFinished
        traced.tell(isAnswered ? { 'http.response.status_code': reply.statusCode } : { 'error.type': 'caller-gone' })
        traced.end({ failed: !isAnswered || reply.statusCode >= 500 })
      })
    }
    done()
  })
}

const LONGEST_NAME = 100
