import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { isOutage } from '../database/outage.js'
import { refitError } from '../errors.js'
import { authorise, requireDeclaredRole, requireTokensBeyondLoopback, type Token } from './access.js'
import { dropRoutes } from './drops.js'
import { eventRoutes } from './events.js'
import { answerFailure, failureOf } from './failures.js'
import { checkHostAndOrigin, type Guard } from './guard.js'
import { healthRoutes } from './health.js'
import { logRoutes } from './logs.js'
import { modelRoutes } from './models.js'
import { describeApi } from './open-api.js'
import type { ApiParts } from './parts.js'
import { projectRoutes } from './project.js'
import { runRoutes } from './runs.js'
import { versionRoutes } from './versions.js'

/** Who may call, and from where. */
export interface ApiAccess extends Guard {
  /** Empty: everybody who reaches the address is admin, which is right on loopback only. */
  readonly tokens: readonly Token[]
}

/** One route as the tests see it. */
export interface DeclaredRoute {
  readonly method: string
  readonly url: string
  readonly role: string | undefined
}

const SMALL_BODY_BYTES = 1024 * 1024

/**
 * The control API below /api/v1. Every route declares a role or is on the list of open ones, checked here at start.
 * @throws Error when a route does not
 * @throws RefitError `tokens-required`
 */
export async function createApi(parts: ApiParts, access: ApiAccess, log: FastifyBaseLogger): Promise<{ readonly app: FastifyInstance; readonly routes: readonly DeclaredRoute[] }> {
  requireTokensBeyondLoopback(access.bind, access.tokens)
  const routes: DeclaredRoute[] = []
  const app = Fastify({
    loggerInstance: log,
    bodyLimit: SMALL_BODY_BYTES,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => {
      void answerFailure(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.decorateRequest('actor', 'api')
  app.setErrorHandler((error, request, reply) => answerFailure(isOutage(error) ? refitError('database-away', {}, { cause: error }) : error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send(failureOf(refitError('route-not-found', { method: request.method, path: request.url.split('?')[0] ?? '' }))),
  )
  app.addHook('onRoute', (route) => {
    requireDeclaredRole(route)
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, role: route.config?.role })
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff')
    checkHostAndOrigin(access, request.headers)
    if (!request.is404) authorise(request, access.tokens)
  })
  app.addHook('preValidation', async (request) => {
    // `curl -X POST` without a body means what an empty object does.
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) request.body = {}
  })
  await describeApi(app, parts.project.refit)
  for (const resource of [healthRoutes, projectRoutes(parts), modelRoutes(parts), dropRoutes(parts), runRoutes(parts), logRoutes(parts), versionRoutes(parts), eventRoutes(parts)]) {
    await app.register(resource, { prefix: '/api/v1' })
  }
  return { app, routes }
}
