import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { answerFailure } from '../../http/failures.js'
import { errorText, pong, send, takeJsonOfAnyType } from './exchange.js'
import { instancesReading, InstancesRequest } from './instances.js'
import type { ProtocolParts } from './parts.js'

/** Where Vertex AI asks; it says so in the environment, and otherwise means these. */
export interface VertexRoutes {
  readonly health: string
  readonly predict: string
}

const DEPLOYED_MODEL = '/v1/endpoints/:endpoint/deployedModels/:deployedModel'

/** The routes of a container as the server writes them; a colon of a path that is given stands for itself. */
export function vertexRoutes({ health, predict }: Partial<Readonly<Record<keyof VertexRoutes, string | undefined>>>): VertexRoutes {
  return { health: health?.replaceAll(':', '::') ?? DEPLOYED_MODEL, predict: predict?.replaceAll(':', '::') ?? `${DEPLOYED_MODEL}(^[^:]+)::predict` }
}

/** Vertex AI's container contract, for one model. */
export function vertexContainer({ live, ask, isReady }: ProtocolParts, { model, health, predict }: { readonly model: string } & VertexRoutes): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    takeJsonOfAnyType(app, live)
    app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, errorText))
    app.get(health, (_request, reply) => pong(reply, isReady()))
    app.post(predict, { config: { asks: () => model }, schema: { body: InstancesRequest } }, async (request, reply) => {
      const reading = instancesReading(request.body)
      const answered = await ask(request, { model, rows: reading.rows })
      return send(reply, { type: 'application/json', body: reading.answer(answered) })
    })
    done()
  }
}
