import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { createServer, type ServerAccess } from '../http/server.js'
import type { Recorder } from '../predictions/recorder.js'
import type { Traces } from '../telemetry/traces.js'
import { createAsk } from './ask.js'
import { countAnswers } from './count-answers.js'
import { LARGEST_BODY_BYTES, patience, refuseEarly } from './limits.js'
import type { LiveModel, LiveSet } from './live-set.js'
import type { ServingMetrics } from './metrics.js'
import { modelOpenApi } from './open-api.js'
import { instancesProtocol } from './protocols/instances.js'
import { invocationsProtocol, openInvocationRoutes, type InvocationsSettings } from './protocols/invocations.js'
import { openInferenceOpenRoutes, openInferenceProtocol } from './protocols/open-inference/routes.js'
import { ownProtocol } from './protocols/own.js'
import { ModelName, viewer } from './protocols/parts.js'
import type { SideBySide } from './side-by-side.js'
import { traceAnswers } from './trace-answers.js'
import { LiveModelAnswer } from './wire.js'

export interface ServingParts {
  readonly live: LiveSet
  /** By which versions requests are answered, where any is rolled out; default: by those that are live. */
  readonly sideBySide?: Pick<SideBySide, 'use'>
  readonly metrics: ServingMetrics
  /** Gives answers their ids; default: they have none. */
  readonly recorder?: Pick<Recorder, 'record'> | undefined
  /** Where requests are traced. */
  readonly traces?: Traces | undefined
  /** Whether the models that are to serve have been loaded once. */
  readonly isReady: () => boolean
  /** Whether the process has been asked to end. */
  readonly isEnding?: () => boolean
  readonly access: ServerAccess
  readonly log: FastifyBaseLogger
  /** Default: /invocations speaks for no model, and for each by its name as MLflow does. */
  readonly invocations?: InvocationsSettings
}

const openRoutes: ReadonlySet<string> = new Set(['/health', '/ready', ...openInvocationRoutes, ...openInferenceOpenRoutes])

/** The endpoint: predictions by the versions that are live, and what is live. */
export function createServingApp({ live, sideBySide = live, metrics, recorder, traces, isReady, isEnding = () => false, access, log, invocations = { dialects: {} } }: ServingParts): FastifyInstance {
  const { app } = createServer({ access, log, openRoutes, offered: 'the models at /models, each described at /models/<model>/openapi.json, and what docs/serving.md tells', bodyLimit: LARGEST_BODY_BYTES, patience })
  traceAnswers(app, traces)
  refuseEarly(app, live, LARGEST_BODY_BYTES)
  countAnswers(app, live, metrics)
  const parts = { live, ask: createAsk(live, sideBySide, isReady, recorder), isReady: () => isReady() && !isEnding() }
  for (const protocol of [ownProtocol(parts), invocationsProtocol(parts, invocations), openInferenceProtocol(parts), instancesProtocol(parts)]) void app.register(protocol)

  app.get('/models', { config: viewer, schema: { response: { 200: Type.Object({ models: Type.Array(LiveModelAnswer) }) } } }, () => ({ models: live.list().map(told) }))
  app.get('/models/:model', { config: viewer, schema: { params: ModelName, response: { 200: LiveModelAnswer } } }, ({ params }) => told(live.get(params.model)))
  app.get('/models/:model/openapi.json', { config: viewer, schema: { params: ModelName } }, ({ params }) => modelOpenApi(live.get(params.model)))
  app.get('/health', () => ({ status: 'ok' }))
  app.get('/ready', (_request, reply) => {
    const status = isEnding() ? 'draining' : isReady() ? 'ready' : 'loading'
    return reply.status(status === 'ready' ? 200 : 503).send({ status })
  })
  app.get('/metrics', { config: viewer }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  return app
}

function told({ since, signature, ...rest }: LiveModel): LiveModelAnswer {
  return { ...rest, since: since.toISOString(), signature }
}
