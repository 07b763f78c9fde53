import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Failure } from '../../http/failure.js'
import { PredictAnswer, PredictRequest } from '../wire.js'
import { modelOf, ModelName, viewer, type ProtocolParts } from './parts.js'

const config = { ...viewer, asks: modelOf }
const response = { 200: PredictAnswer, '4xx': Failure, '5xx': Failure }
const VersionOfModel = Type.Object({ ...ModelName.properties, version: Type.Integer({ minimum: 1 }) })

/** Refit's own way of asking: rows by the names of their columns, and answers that name the version. */
export function ownProtocol({ ask }: ProtocolParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post('/models/:model/predict', { config, schema: { params: ModelName, body: PredictRequest, response } }, async (request) => {
      const { model, version, predictions } = await ask(request, { ...request.params, rows: () => request.body.rows })
      return { model, version, predictions }
    })
    app.post('/models/:model/versions/:version/predict', { config, schema: { params: VersionOfModel, body: PredictRequest, response } }, async (request) => {
      const { model, version, predictions } = await ask(request, { ...request.params, rows: () => request.body.rows })
      return { model, version, predictions }
    })
    done()
  }
}
