import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { definitionHistory } from '../registry/definitions.js'
import { getModel } from '../registry/models.js'
import { previewModels } from '../registry/preview.js'
import type { ApiParts } from './parts.js'
import { ruleLabel } from '../evaluation/rule-label.js'
import { DefinitionList, Preview, PreviewRequest } from './wire/definition.js'
import { instant } from './wire/time.js'

const PAGE = 20
const tags = ['models']

/** What the definitions of models have changed, and what a project file would change. */
export function definitionRoutes({ database }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/models/:model/definitions',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listDefinitions',
          tags,
          summary: 'The definitions that came into force, the newest first, with what each changed',
          params: Type.Object({ model: Type.String() }),
          querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: PAGE })) }, { additionalProperties: false }),
          response: { 200: DefinitionList },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const definitions = await definitionHistory(database, params.model, query.limit ?? PAGE)
        return { definitions: definitions.map(({ at, changes, ...rest }) => ({ ...rest, at: instant(at), changes: [...changes] })) }
      },
    )

    app.post(
      '/definitions/preview',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'previewDefinitions',
          tags,
          summary: 'What a project would change if it were registered now',
          description: 'Nothing is changed. Models that it does not name would be taken out.',
          body: PreviewRequest,
          response: { 200: Preview },
        },
      },
      async ({ body }) => ({ models: [...(await previewModels(database, Object.values(body.models), ruleLabel))] }),
    )
    done()
  }
}
