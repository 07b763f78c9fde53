import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { LogController, type FastifyBaseLogger } from 'fastify'
import { refitError } from '../errors.js'
import { authorise, requireDeclaredRole, requireTokensBeyondLoopback, type Token } from './access.js'
import { answerFailure, failureOf } from './failures.js'
import { checkHostAndOrigin, type Guard } from './guard.js'

/** Who may call, and from where. */
export interface ServerAccess extends Guard {
  /** Empty: everybody who reaches the address is admin, which is right on loopback only. */
  readonly tokens: readonly Token[]
}

/** One route as the tests see it. */
export interface DeclaredRoute {
  readonly method: string
  readonly url: string
  readonly role: string | undefined
  /** An open route that looks itself at who calls. */
  readonly authenticatesItself: boolean
}

export interface ServerOptions {
  /** Who may call; `platform`: whoever reaches the server, for a platform around it looks at who calls. All its routes are then open ones. */
  readonly access: ServerAccess | 'platform'
  readonly log: FastifyBaseLogger
  /** Routes without a role. */
  readonly openRoutes: ReadonlySet<string>
  /** Largest body, bytes. */
  readonly bodyLimit: number
  /** Whether there are answers that go on until somebody ends them: closing the server cuts them, and with them all others. */
  readonly hasStreams?: boolean
  /** Turns a foreign error into one of the catalogue; what it does not know it gives back. */
  readonly translate?: (error: unknown) => unknown
}

/** Of a path, e.g. the key of a tag; longer ones lead nowhere. */
const LONGEST_PARAMETER = 1000

/**
 * A server in which every route declares a role or is an open one, strange hosts and pages are refused, and every
 * failure is an error of the catalogue.
 * @throws Error when a route declares nothing
 * @throws RefitError `tokens-required`
 */
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- Fastify's type carries its provider
export function createServer({ access, log, openRoutes, bodyLimit, hasStreams = false, translate = (error) => error }: ServerOptions) {
  if (access !== 'platform') requireTokensBeyondLoopback(access.bind, access.tokens)
  const routes: DeclaredRoute[] = []
  const app = Fastify({
    loggerInstance: log,
    bodyLimit,
    // Clients put a slash behind an address that has one already.
    routerOptions: { maxParamLength: LONGEST_PARAMETER, ignoreDuplicateSlashes: true },
    logController: new LogController({ disableRequestLogging: true }),
    // What is under way is answered first, and what still comes over a kept connection too.
    forceCloseConnections: hasStreams ? true : 'idle',
    return503OnClosing: hasStreams,
    frameworkErrors: (error, request, reply) => {
      void answerFailure(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  // Fastify would take plain text for a body like any other.
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('actor', 'api')
  app.setErrorHandler((error, request, reply) => answerFailure(translate(error), request, reply))
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send(failureOf(refitError('route-not-found', { method: request.method, path: request.url.split('?')[0] ?? '' }))),
  )
  app.addHook('onRoute', (route) => {
    requireDeclaredRole(route, openRoutes)
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, role: route.config?.role, authenticatesItself: route.config?.authenticatesItself === true })
  })
  // A kept connection that was busy when the server began to close would hold it until the caller lets go.
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('Connection', 'close')
    done()
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff')
    if (access === 'platform') return
    checkHostAndOrigin(access, request.headers)
    if (!request.is404) authorise(request, access.tokens)
  })
  return { app, routes }
}
