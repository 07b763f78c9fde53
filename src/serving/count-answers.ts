import type { FastifyInstance } from 'fastify'
import type { LiveSet } from './live-set.js'
import type { ServingMetrics } from './metrics.js'

/** Counts whatever is answered on routes that ask for predictions, those of its plugins too. */
export function countAnswers(app: Pick<FastifyInstance, 'decorateRequest' | 'addHook'>, live: LiveSet, metrics: ServingMetrics): void {
  app.decorateRequest('askedRows', 0)
  app.decorateRequest('predictionId', '')
  app.addHook('onResponse', (request, reply, done) => {
    const { asks } = request.routeOptions.config
    if (asks !== undefined) {
      const model = asks(request)
      // Names that do not exist are no series: anybody could make any number of them.
      const known = model !== undefined && live.isLive(model) ? model : 'unknown'
      metrics.answered(known, reply.statusCode, request.askedRows, reply.elapsedTime / 1000)
    }
    done()
  })
}
