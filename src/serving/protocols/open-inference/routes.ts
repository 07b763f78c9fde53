import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refitError } from '../../../errors.js'
import { answerFailure } from '../../../http/failures.js'
import { refuseWhileLoading } from '../../ask.js'
import type { LiveModel } from '../../live-set.js'
import { errorText, send, takeJsonOfAnyType } from '../exchange.js'
import { modelOf, ModelName, viewer, type ProtocolParts } from '../parts.js'
import { rowsOfTensors } from './read-tensors.js'
import { InferRequest } from './wire.js'
import { inputMetadata, outputMetadata, outputTensors } from './write-tensors.js'

/** Whether the process lives, and whether it can answer: they tell nothing about the project. */
export const openInferenceOpenRoutes = ['/v2/health/live', '/v2/health/ready'] as const

/** What clients are told of the server: the protocol that it speaks, and not which release of Refit it is. */
const PROTOCOL_VERSION = '2'
const asking = { ...viewer, asks: modelOf }
const VersionOfModel = Type.Object({ ...ModelName.properties, version: Type.Integer({ minimum: 1 }) })

/** The Open Inference Protocol, version 2, over REST: that of KServe, Triton, MLServer and others. Without its binary extension. */
export function openInferenceProtocol({ live, ask, isReady }: ProtocolParts): FastifyPluginCallbackTypebox {
  const liveVersion = (model: string, version: number | undefined): LiveModel => {
    refuseWhileLoading(live, isReady, model)
    const found = live.get(model)
    if (version !== undefined && version !== found.version) throw refitError('version-not-live', { model, version, live: found.version })
    return found
  }
  return (app, _options, done) => {
    takeJsonOfAnyType(app, live)
    app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, errorText))
    app.addHook('onRequest', async ({ headers }) => {
      if (headers['inference-header-content-length'] !== undefined) throw refitError('input-invalid', { reason: 'The binary tensor data extension is not supported: send the data of tensors as JSON.' })
    })
    app.get('/v2', { config: viewer }, () => ({ name: 'refit', version: PROTOCOL_VERSION, extensions: [] }))
    app.get('/v2/health/live', () => ({ live: true }))
    app.get('/v2/health/ready', (_request, reply) => {
      const ready = isReady()
      return reply.status(ready ? 200 : 503).send({ ready, live: true })
    })
    app.get('/v2/models', { config: viewer }, () => ({ models: live.list().map(({ model }) => model) }))
    for (const { path, params } of [
      { path: '/v2/models/:model', params: ModelName },
      { path: '/v2/models/:model/versions/:version', params: VersionOfModel },
    ]) {
      app.get(path, { config: viewer, schema: { params } }, (request) => {
        const { model, version, signature } = liveVersion(...addressed(request.params))
        return { name: model, versions: [String(version)], platform: 'refit', inputs: inputMetadata(signature), outputs: outputMetadata(signature) }
      })
      app.get(`${path}/ready`, { config: viewer, schema: { params } }, (request) => ({ name: liveVersion(...addressed(request.params)).model, ready: true }))
      app.post(`${path}/infer`, { config: asking, schema: { params, body: InferRequest } }, async (request, reply) => {
        const { id, inputs, outputs } = request.body
        const [model, version] = addressed(request.params)
        const answered = await ask(request, { model, version, rows: (signature) => rowsOfTensors(signature, inputs) })
        const body = { model_name: model, model_version: String(answered.version), ...(id === undefined ? {} : { id }), outputs: outputTensors(answered, outputs) }
        return send(reply, { type: 'application/json', body: JSON.stringify(body) })
      })
    }
    done()
  }
}

function addressed(params: { readonly model: string; readonly version?: number }): [model: string, version: number | undefined] {
  return [params.model, params.version]
}
