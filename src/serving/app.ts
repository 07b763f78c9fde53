import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../http/failure.js'
import { createServer, type ServerAccess } from '../http/server.js'
import { answerOf } from './answer.js'
import type { LiveModel, LiveSet } from './live-set.js'
import type { ServingMetrics } from './metrics.js'
import { readRows } from './read-rows.js'
import { LiveModelAnswer, PredictAnswer, PredictRequest } from './wire.js'

export interface ServingParts {
  readonly live: LiveSet
  readonly metrics: ServingMetrics
  /** Whether the models that are to serve have been loaded once. */
  readonly isReady: () => boolean
  readonly access: ServerAccess
  readonly log: FastifyBaseLogger
}

const LARGEST_BODY_BYTES = 16 * 1024 * 1024
const openRoutes: ReadonlySet<string> = new Set(['/health', '/ready'])
const ModelName = Type.Object({ model: Type.String() })
const viewer = { role: 'viewer' } as const

/** The endpoint: predictions by the versions that are live, and what is live. */
export function createServingApp({ live, metrics, isReady, access, log }: ServingParts): FastifyInstance {
  const { app } = createServer({ access, log, openRoutes, bodyLimit: LARGEST_BODY_BYTES })

  app.post(
    '/models/:model/predict',
    { config: viewer, schema: { params: ModelName, body: PredictRequest, response: { 200: PredictAnswer, '4xx': Failure, '5xx': Failure } } },
    ({ params, body }) =>
      live.use(params.model, async ({ model, version, signature }, predictor) => {
        const predictions = await predictor.predict(readRows(signature, body.rows))
        return { model, version, predictions: answerOf(signature, predictions) }
      }),
  )
  app.addHook('onResponse', (request, reply, done) => {
    const { params, body, routeOptions } = request
    if (routeOptions.url === '/models/:model/predict') {
      const model = typeof params === 'object' && params !== null && 'model' in params ? String(params.model) : ''
      const rows = typeof body === 'object' && body !== null && 'rows' in body && Array.isArray(body.rows) ? body.rows.length : 0
      // Names that do not exist are no series: anybody could make any number of them.
      const known = live.list().some((each) => each.model === model)
      metrics.answered(known ? model : 'unknown', reply.statusCode, rows, reply.elapsedTime / 1000)
    }
    done()
  })

  app.get('/models', { config: viewer, schema: { response: { 200: Type.Object({ models: Type.Array(LiveModelAnswer) }) } } }, () => ({ models: live.list().map(told) }))
  app.get('/models/:model', { config: viewer, schema: { params: ModelName, response: { 200: LiveModelAnswer } } }, ({ params }) => told(live.get(params.model)))
  app.get('/health', () => ({ status: 'ok' }))
  app.get('/ready', (_request, reply) => (isReady() ? reply.send({ status: 'ready' }) : reply.status(503).send({ status: 'loading' })))
  app.get('/metrics', { config: viewer }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  return app
}

function told({ since, signature, ...rest }: LiveModel): LiveModelAnswer {
  return { ...rest, since: since.toISOString(), signature }
}
