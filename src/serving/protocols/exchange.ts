import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FailureShape } from '../../http/failures.js'
import { jsonParser } from '../../http/json-parser.js'
import { inTurn } from '../limits.js'
import type { Body, Invocation } from './dialect.js'
import type { ProtocolParts } from './parts.js'
import { refusalWords } from './refusal-words.js'

/** Bodies of any type come as texts: each dialect reads them by itself. */
export function takeTexts(app: Parameters<FastifyPluginCallbackTypebox>[0], live: ProtocolParts['live']): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'string' },
    inTurn(live, (_request, body, done) => done(null, body)),
  )
}

/** Bodies of any type are read as JSON: the clients of Triton and KServe send theirs without a type, or with another one. */
export function takeJsonOfAnyType(app: Parameters<FastifyPluginCallbackTypebox>[0], live: ProtocolParts['live']): void {
  app.addContentTypeParser('*', { parseAs: 'string' }, inTurn(live, jsonParser(app)))
}

/** What has been sent, as `takeTexts` has taken it. */
export function invocationOf({ body, headers }: FastifyRequest): Invocation {
  return { body: typeof body === 'string' ? body : '', contentType: headers['content-type'] ?? '', accept: headers.accept ?? '' }
}

/** Names the answer, in every protocol: no body of another's has a place for it. */
export const PREDICTION_ID = 'refit-prediction-id'

/** Sends a body as it is: with a serializer of its own Fastify adds nothing to the type, which some clients compare whole. */
export function send(reply: FastifyReply, { type, body }: Body): FastifyReply {
  const { predictionId } = reply.request
  if (predictionId !== '') reply.header(PREDICTION_ID, predictionId)
  return reply.type(type).serializer(String).send(body)
}

/** MLflow answers an empty line; SageMaker and load balancers look at the status alone. */
export function pong(reply: FastifyReply, isWell: boolean): FastifyReply {
  return send(reply.status(isWell ? 200 : 503), { type: 'application/json', body: '\n' })
}

/** A refusal of protocols that know one text and nothing else. */
export const errorText: FailureShape = (failure) => ({ type: 'application/json', body: JSON.stringify({ error: refusalWords(failure) }) })
