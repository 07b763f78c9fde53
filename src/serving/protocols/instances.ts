import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { answerFailure } from '../../http/failures.js'
import type { Answered, Question } from '../ask.js'
import { errorText, send, takeJsonOfAnyType } from './exchange.js'
import { modelOf, ModelName, viewer, type ProtocolParts } from './parts.js'
import { plainPredictions } from './predictions.js'
import { isRecord, namedRows } from './rows.js'

/** What Vertex AI sends to a container, and TensorFlow Serving and KServe's first protocol understand too. */
export const InstancesRequest = Type.Object({
  instances: Type.Array(Type.Unknown(), { description: 'One a row: an object by the names of the inputs, or a list in their order' }),
  parameters: Type.Optional(Type.Unknown()),
})

/** The rows of a request, and its answer: one prediction an instance, with probabilities where `parameters` asks for them. */
export function instancesReading(body: { readonly instances: readonly unknown[]; readonly parameters?: unknown }): { readonly rows: Question['rows']; readonly answer: (answered: Answered) => string } {
  const withProbabilities = isRecord(body.parameters) && body.parameters['probabilities'] === true
  return {
    rows: (signature) => namedRows(signature, body.instances),
    answer: (answered) => JSON.stringify({ predictions: withProbabilities ? answered.predictions : plainPredictions(answered) }),
  }
}

/** `POST /v1/models/{model}:predict`: what Vertex AI sends, for a model that it names. */
export function instancesProtocol({ live, ask }: ProtocolParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    takeJsonOfAnyType(app, live)
    app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, errorText))
    app.post('/v1/models/:model(^[^:]+)::predict', { config: { ...viewer, asks: modelOf }, schema: { params: ModelName, body: InstancesRequest } }, async (request, reply) => {
      const reading = instancesReading(request.body)
      const answered = await ask(request, { model: request.params.model, rows: reading.rows })
      return send(reply, { type: 'application/json', body: reading.answer(answered) })
    })
    done()
  }
}
