import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { ApiParts } from './parts.js'
import { ProjectStatus, ShuttingDown } from './wire/project.js'
import { instant } from './wire/time.js'

const tags = ['project']

/** The project as a whole: what runs it, and its end. */
export function projectRoutes({ project, onShutdown }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/project',
      { config: { role: 'viewer' }, schema: { operationId: 'getProject', tags, summary: 'What runs here, and where it serves', response: { 200: ProjectStatus } } },
      () => {
        const servingUrl = project.servingUrl()
        return {
          folder: project.folder,
          refit: project.refit,
          pid: process.pid,
          startedAt: instant(project.startedAt),
          ...(servingUrl === undefined ? {} : { servingUrl }),
        }
      },
    )

    app.post(
      '/project/shutdown',
      {
        config: { role: 'admin' },
        schema: {
          operationId: 'shutdown',
          tags,
          summary: 'End control, serving and the embedded database',
          description: 'Answers at once; a run under way goes on at the next start.',
          response: { 202: ShuttingDown },
        },
      },
      async (request, reply) => {
        request.log.info({ actor: request.actor }, 'Shutdown requested')
        await reply.status(202).send({ pid: process.pid })
        onShutdown()
        return reply
      },
    )
    done()
  }
}
