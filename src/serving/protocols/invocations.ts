import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InvocationsDialect } from '../../define/stored-definition.js'
import { refitError } from '../../errors.js'
import { answerFailure } from '../../http/failures.js'
import type { Dialect } from './dialect.js'
import { invocationOf, pong, send, takeTexts } from './exchange.js'
import { mlflow, MLFLOW_VERSION } from './mlflow.js'
import { modelOf, ModelName, viewer, type ProtocolParts } from './parts.js'
import { echoAttributes, sagemaker } from './sagemaker.js'

/** Which models /invocations speaks for, and how. */
export interface InvocationsSettings {
  /** The model for which addresses without a name speak. */
  readonly model?: string | undefined
  /** Of each model by its name; otherwise MLflow's. */
  readonly dialects: Readonly<Record<string, InvocationsDialect>>
}

/** Routes of a process that only ask whether it is well. */
export const openInvocationRoutes = ['/ping', '/version'] as const

/**
 * The addresses of MLflow's scoring server and of SageMaker: both have /invocations and /ping, and what is sent there does
 * not tell which of them is meant.
 */
export function invocationsProtocol({ live, ask, isReady }: ProtocolParts, settings: InvocationsSettings): FastifyPluginCallbackTypebox {
  const asSageMaker = sagemaker()
  const named = (model: string | undefined): Dialect => (model !== undefined && Object.hasOwn(settings.dialects, model) && settings.dialects[model] === 'sagemaker' ? asSageMaker : mlflow)
  const isLive = (model: string): boolean => live.list().some((each) => each.model === model)
  const bare = (): string => {
    if (settings.model === undefined) throw refitError('invocations-unassigned', { live: live.list().map(({ model }) => model).join(', ') || 'none' })
    return settings.model
  }
  return (app, _options, done) => {
    const dialectOf = (request: FastifyRequest): Dialect => (request.routeOptions.url?.startsWith('/endpoints/') === true ? asSageMaker : named(modelOf(request) ?? settings.model))
    takeTexts(app, live)
    app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, dialectOf(request).refusal))
    const answer = async (request: FastifyRequest, reply: FastifyReply, model: string): Promise<FastifyReply> => {
      const reading = dialectOf(request).read(invocationOf(request))
      const answered = await ask(request, { model, rows: (signature) => reading.rows(signature) })
      return send(echoAttributes(request, reply), reading.answer(answered))
    }
    app.post('/invocations', { config: { ...viewer, asks: () => settings.model } }, (request, reply) => answer(request, reply, bare()))
    for (const url of ['/models/:model/invocations', '/endpoints/:model/invocations']) {
      app.post(url, { config: { ...viewer, asks: modelOf }, schema: { params: ModelName } }, (request, reply) => answer(request, reply, request.params.model))
    }
    app.get('/ping', (_request, reply) => pong(reply, settings.model === undefined ? isReady() : isLive(settings.model)))
    app.get('/models/:model/ping', { config: viewer, schema: { params: ModelName } }, (request, reply) => pong(reply, isLive(request.params.model)))
    app.get('/version', (_request, reply) => reply.type('text/plain; charset=utf-8').send(MLFLOW_VERSION))
    done()
  }
}
