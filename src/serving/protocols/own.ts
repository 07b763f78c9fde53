import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Answered } from '../ask.js'
import { PredictRequest, type PredictAnswer } from '../wire.js'
import { send } from './exchange.js'
import { modelOf, ModelName, viewer, type ProtocolParts } from './parts.js'

const config = { ...viewer, asks: modelOf }
const VersionOfModel = Type.Object({ ...ModelName.properties, version: Type.Integer({ minimum: 1 }) })

/** Refit's own way of asking: rows by the names of their columns, and answers that name the version. */
export function ownProtocol({ ask }: ProtocolParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post('/models/:model/predict', { config, schema: { params: ModelName, body: PredictRequest } }, async (request, reply) => answer(reply, await ask(request, { ...request.params, rows: () => request.body.rows, keys: request.body.keys })))
    app.post('/models/:model/versions/:version/predict', { config, schema: { params: VersionOfModel, body: PredictRequest } }, async (request, reply) => answer(reply, await ask(request, { ...request.params, rows: () => request.body.rows, keys: request.body.keys })))
    done()
  }
}

/** Written by itself: a serializer made from the schema would first look which of its two kinds the predictions are. */
function answer(reply: FastifyReply, { model, version, predictions }: Answered): FastifyReply {
  const { predictionId } = reply.request
  const id = predictionId === '' ? {} : { id: predictionId }
  return send(reply, { type: 'application/json; charset=utf-8', body: JSON.stringify({ model, version, ...id, predictions } satisfies PredictAnswer) })
}
