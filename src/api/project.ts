import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { listReplicas } from '../registry/replicas.js'
import type { ApiParts } from './parts.js'
import { ProjectStatus, ShutdownRequest, ShuttingDown } from './wire/project.js'
import { instant } from './wire/time.js'

const tags = ['project']

/** The project as a whole: what runs it, and its end. */
export function projectRoutes({ database, clock, project, onShutdown }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/project',
      { config: { role: 'viewer' }, schema: { operationId: 'getProject', tags, summary: 'What runs here, and where it serves', response: { 200: ProjectStatus } } },
      async () => {
        const servingUrl = project.servingUrl()
        return {
          folder: project.folder,
          ...(project.environment === undefined ? {} : { environment: project.environment }),
          refit: project.refit,
          pid: process.pid,
          startedAt: instant(project.startedAt),
          ...(servingUrl === undefined ? {} : { servingUrl }),
          answerWithinSeconds: project.answerWithinSeconds,
          replicas: (await listReplicas(database, clock.now())).map(({ address, pid, live, seenAt }) => ({ address, pid, live, seenAt: instant(seenAt) })),
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
          body: ShutdownRequest,
          response: { 202: ShuttingDown },
        },
      },
      async (request, reply) => {
        request.log.info({ actor: request.actor }, 'Shutdown requested')
        await reply.status(202).send({ pid: process.pid })
        onShutdown({ keepServing: request.body.keepServing === true })
        return reply
      },
    )
    done()
  }
}
