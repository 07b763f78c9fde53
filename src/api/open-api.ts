import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { roles } from '../http/access.js'
import { Failure } from '../http/failure.js'

/** Routes that need no role: they tell nothing about the project. That for announcements takes secrets of its own. */
export const openRoutes: ReadonlySet<string> = new Set(['/api/v1/health', '/api/v1/openapi.json', '/api/v1/announcements'])

/** Describes the routes that are registered after it, as OpenAPI 3.1 at /api/v1/openapi.json. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Refit control API',
        version,
        description:
          'Every failure is answered as JSON with `code`, `message`, `hint` and, where several things are wrong, `faults`. ' +
          `Roles, each including the former: ${roles.join(', ')}; on loopback without tokens every caller may do everything.`,
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      tags: [
        { name: 'project', description: 'What runs here' },
        { name: 'models', description: 'What serves, runs and waits' },
        { name: 'drops', description: 'Data that arrived' },
        { name: 'snapshots', description: 'Data that runs train and test on' },
        { name: 'runs', description: 'Passes through the lifecycle' },
        { name: 'versions', description: 'What runs have made' },
        { name: 'rollouts', description: 'How versions come into traffic' },
        { name: 'predictions', description: 'What the endpoint has answered, and what was true' },
        { name: 'events', description: 'Everything that happened' },
      ],
    },
    transform: ({ schema, url, route }) => {
      const role = route.config?.role
      const openTo = route.config?.authenticatesItself === true ? 'Open. It takes the secret of a source, or the signature of SNS, and no token.' : 'Open.'
      const response = typeof schema?.response === 'object' && schema.response !== null ? schema.response : { 200: streamed(schema?.produces) }
      return {
        url,
        schema: {
          ...schema,
          description: [schema?.description, role === undefined ? openTo : `Role: ${role}.`].filter((line) => line !== undefined).join('\n\n'),
          security: role === undefined ? [] : [{ token: [] }],
          response: { ...response, default: failure },
        },
      }
    },
  })
  app.get(
    '/api/v1/openapi.json',
    { schema: { operationId: 'getOpenApi', tags: ['project'], summary: 'This description', hide: !openRoutes.has('/api/v1/openapi.json') } },
    () => app.swagger(),
  )
}

const failure = { description: 'An error of the catalogue', content: { 'application/json': { schema: Failure } } }

function streamed(produces: readonly string[] = ['application/json']): object {
  return { description: 'A stream, or text', content: Object.fromEntries(produces.map((type) => [type, { schema: { type: 'string' } }])) }
}
