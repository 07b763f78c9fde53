import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { retireModel, unretireModel } from '../registry/retirement.js'
import type { ApiParts } from './parts.js'
import { ModelRetired } from './wire/model.js'

const tags = ['models']
const ModelName = Type.Object({ model: Type.String() })
const Reason = Type.Object({ reason: Type.String({ minLength: 1, maxLength: 2000, description: 'Kept, and told to whoever asks the endpoint' }) }, { additionalProperties: false })

/** The end of a model's life, and the way back. */
export function retirementRoutes({ database, clock }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      '/models/:model/retire',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'retireModel',
          tags,
          summary: "End a model's life",
          description: 'Runs that wait or are under way are cancelled, sources are not watched any more, and the endpoint answers 410 with the reason. Versions and history stay.',
          params: ModelName,
          body: Reason,
          response: { 200: ModelRetired },
        },
      },
      async ({ params, body, actor }) => ({ model: params.model, retired: true, cancelled: [...(await retireModel(database, clock, { ...params, actor, reason: body.reason }))] }),
    )

    app.post(
      '/models/:model/unretire',
      {
        config: { role: 'operator' },
        schema: { operationId: 'unretireModel', tags, summary: 'Take a retirement back', description: 'The champion of before serves again.', params: ModelName, body: Reason, response: { 200: ModelRetired } },
      },
      async ({ params, body, actor }) => {
        await unretireModel(database, clock, { ...params, actor, reason: body.reason })
        return { model: params.model, retired: false, cancelled: [] }
      },
    )
    done()
  }
}
