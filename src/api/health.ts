import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Health } from './wire/project.js'

/** Whether the control server answers; needs no role and tells nothing else. */
export const healthRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get(
    '/health',
    { schema: { operationId: 'getHealth', tags: ['project'], summary: 'Whether the control server answers', response: { 200: Health } } },
    () => ({ status: 'ok' as const }),
  )
  done()
}
