import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'
import { createWant } from '../predictors/want.js'
import type { LiveSet } from './live-set.js'
import type { ServingMetrics } from './metrics.js'

/** Of a request whose caller has gone before its answer was sent, as proxies count it. */
const LEFT = 499

/** Counts what becomes of requests on routes that ask for predictions, those of its plugins too, and gives up those whose callers go away. */
export function countAnswers(app: Pick<FastifyInstance, 'decorateRequest' | 'addHook'>, live: LiveSet, metrics: ServingMetrics): void {
  app.decorateRequest('askedRows', 0)
  app.decorateRequest('predictionId', '')
  app.decorateRequest('want', undefined)
  const count = (model: string | undefined, status: number, { askedRows }: FastifyRequest, reply: FastifyReply): void => {
    // Names that do not exist are no series: anybody could make any number of them.
    const known = model !== undefined && live.isLive(model) ? model : 'unknown'
    metrics.answered(known, status, askedRows, reply.elapsedTime / 1000)
  }
  app.addHook('onRequest', (request, reply, done) => {
    const { asks } = request.routeOptions.config
    if (asks !== undefined) {
      const model = asks(request)
      const want = createWant()
      request.want = want
      reply.raw.once('close', () => {
        if (reply.raw.writableFinished) return
        want.giveUp(refitError('caller-left', { model: model ?? 'the model' }))
        count(model, LEFT, request, reply)
      })
    }
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { asks } = request.routeOptions.config
    if (asks !== undefined && request.want?.givenUp()?.code !== 'caller-left') count(asks(request), reply.statusCode, request, reply)
    done()
  })
}
