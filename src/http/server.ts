import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyReply, type FastifyRequest, type FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { refitError } from '../errors.js'
import { authorise, requireDeclaredRole, requireTokensBeyondLoopback, type LentTokens, type Token } from './access.js'
import { answerFailure } from './failures.js'
import { checkHostAndOrigin, type Guard } from './guard.js'
import { jsonParser } from './json-parser.js'
import { untilNobodyIsConnected } from './open-connections.js'

/** Who may call, and from where. */
export interface ServerAccess extends Guard {
  /** Empty: everybody who reaches the address is admin, which is right on loopback only. */
  readonly tokens: readonly Token[]
  /** Tokens besides, which only some routes take. */
  readonly lent?: LentTokens | undefined
}

/** One route as the tests see it. */
export interface DeclaredRoute {
  readonly method: string
  readonly url: string
  readonly role: string | undefined
  /** An open route that looks itself at who calls. */
  readonly authenticatesItself: boolean
  /** Takes lent tokens. */
  readonly lent: boolean
}

export interface ServerOptions {
  /** Who may call; `platform`: whoever reaches the server, for a platform around it looks at who calls. All its routes are then open ones. */
  readonly access: ServerAccess | 'platform'
  readonly log: FastifyBaseLogger
  /** Routes without a role. */
  readonly openRoutes: ReadonlySet<string>
  /** What the server has, for who asks it for something else: in words that follow "What there is:". */
  readonly offered: string
  /** Largest body, bytes. */
  readonly bodyLimit: number
  /** Whether there are answers that go on until somebody ends them: closing the server cuts them, and with them all others. */
  readonly hasStreams?: boolean
  /** For a server whose callers have nothing long to send; default: they may take their time. */
  readonly patience?: Patience
  /** Turns a foreign error into one of the catalogue; what it does not know it gives back. */
  readonly translate?: (error: unknown) => unknown
}

/** Of a path, e.g. the key of a tag; longer ones lead nowhere. */
const LONGEST_PARAMETER = 1000

/** How long a server waits for its callers, and for how many. */
export interface Patience {
  /** For a request to have arrived as a whole, milliseconds. */
  readonly requestMs: number
  /** Connections at a time. Where there are more, those that idle are let go, and the newcomer is. */
  readonly connections: number
  /** For an answer to have been taken as a whole, milliseconds; then the connection is closed. */
  readonly takeMs: number
  /** At the end, for callers to leave kept connections of themselves: each answer asks them to. Milliseconds. */
  readonly leaveMs: number
}

/** For the head of a request to arrive, milliseconds. */
const HEADERS_MS = 10_000
const LOOK_FOR_SLOW_MS = 1000
/** Of a body that is refused for its size so much is passed over, bytes: closed at once, the connection would be reset before its caller has read the refusal. */
const MOST_PASSED_OVER = 64 * 1024 * 1024
/** What is refused because much is under way may be sent again after so long, where nothing better is known. */
const RETRY_AFTER_SECONDS = 1

/**
 * A server in which every route declares a role or is an open one, strange hosts and pages are refused, and every
 * failure is an error of the catalogue.
 * @throws Error when a route declares nothing
 * @throws RefitError `tokens-required`
 */
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- Fastify's type carries its provider
export function createServer({ access, log, openRoutes, offered, bodyLimit, hasStreams = false, patience, translate = (error) => error }: ServerOptions) {
  if (access !== 'platform') requireTokensBeyondLoopback(access.bind, access.tokens)
  const routes: DeclaredRoute[] = []
  const app = Fastify({
    loggerInstance: log,
    bodyLimit,
    // Clients put a slash behind an address that has one already.
    routerOptions: { maxParamLength: LONGEST_PARAMETER, ignoreDuplicateSlashes: true },
    logController: new LogController({ disableRequestLogging: true }),
    // What a request logs has an id of its own; a logger for each would take longer than to route it.
    childLoggerFactory: (logger) => logger,
    // What is under way is answered first, and what still comes over a kept connection too.
    forceCloseConnections: hasStreams ? true : 'idle',
    return503OnClosing: hasStreams,
    requestTimeout: patience?.requestMs ?? 0,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: LOOK_FOR_SLOW_MS },
    frameworkErrors: (error, request, reply) => {
      void answerFailure(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(validatorOf)
  // Fastify would take plain text for a body like any other.
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, jsonParser(app))
  app.decorateRequest('actor', 'api')
  app.decorateRequest('callerRole', undefined)
  app.decorateRequest('lentToken', undefined)
  app.setErrorHandler((error, request, reply) => answerFailure(translate(error), request, reply))
  app.addHook('onRoute', (route) => {
    requireDeclaredRole(route, openRoutes)
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, role: route.config?.role, authenticatesItself: route.config?.authenticatesItself === true, lent: route.config?.lent === true })
  })
  // A kept connection that was busy when the server began to close would hold it until the caller lets go.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
    if (patience !== undefined) await untilNobodyIsConnected(app.server, patience.leaveMs)
  })
  if (patience !== undefined) {
    app.server.maxConnections = patience.connections
    app.server.on('drop', () => app.server.closeIdleConnections())
  }
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (closing) reply.header('Connection', 'close')
    else if (isPassedOver(request, reply)) reply.removeHeader('Connection')
    if ((reply.statusCode === 429 || reply.statusCode === 503) && !reply.hasHeader('Retry-After')) reply.header('Retry-After', RETRY_AFTER_SECONDS)
    if (patience !== undefined) closeUnlessTaken(reply.raw, patience.takeMs)
    // A connection that is not kept would be closed with the answer, in the midst of the body.
    if (isPassedOver(request, reply) && (closing || !reply.raw.shouldKeepAlive)) passOver(request.raw, done)
    else done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff')
    if (access !== 'platform') {
      checkHostAndOrigin(access, request.headers)
      if (!request.is404) authorise(request, access.tokens, access.lent)
    }
    // Before a body is read: nobody has shown who they are.
    if (request.is404) throw refitError('route-not-found', { method: request.method, path: request.url.split('?')[0] ?? '', offered })
    done()
  })
  return { app, routes }
}

/** Parts of a path are texts already, and to convert them takes as long as all else that is looked at of a request: only what is no text is. */
const validatorOf: FastifySchemaCompiler<TSchema> = (route) => {
  const validate = TypeBoxValidatorCompiler(route)
  if (route.httpPart !== 'params') return validate
  const asTheyAre = Compile(route.schema)
  return (value: unknown) => (asTheyAre.Check(value) ? { value } : validate(value))
}

/** Whether what is left of a refused body is short enough to be read on and forgotten. */
function isPassedOver({ headers }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  return statusCode === 413 && Number(headers['content-length']) <= MOST_PASSED_OVER
}

/** Reads on and forgets, until the body has ended or its caller has gone. */
function passOver(body: IncomingMessage, done: () => void): void {
  if (body.readableEnded || body.destroyed) {
    done()
    return
  }
  body.once('close', done).resume()
}

/** An answer that its caller does not read stays in memory. */
function closeUnlessTaken(response: ServerResponse, milliseconds: number): void {
  const timer = setTimeout(() => response.destroy(), milliseconds).unref()
  response.once('close', () => clearTimeout(timer))
}
