import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest, RouteOptions } from 'fastify'
import { refitError } from '../errors.js'
import { isLoopback } from './guard.js'

/** What a caller may do. Each role may do all that the former ones may. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. Every route that is not on the list of open ones names it. */
    role?: Role
    /** An open route that looks itself at who calls: what it is shown is no token of ours. */
    authenticatesItself?: true
    /** A route that takes lent tokens too, and then looks itself at what is asked of it. */
    lent?: boolean
  }
  interface FastifyRequest {
    /** Who asks, as the event log names them: `token:<name>`, or what an unauthenticated local caller says. */
    actor: string
    /** What they may do: nothing that needs a role, where nobody has said who asks. */
    callerRole: Role | undefined
    /** The lent token that they show; undefined: none. */
    lentToken: string | undefined
  }
}

/** Tokens that are lent to somebody for one thing and a while. They have no role: a route takes them if it says so, and only then. */
export interface LentTokens {
  /** Whether a secret has the form of one, also of one that has been taken back. */
  isOne(secret: string): boolean
  /** Who shows it, as the event log names them; undefined when nobody has it (any more). */
  actorOf(secret: string): string | undefined
}

/** A caller's token; only its hash is kept. */
export interface Token {
  readonly name: string
  readonly role: Role
  readonly sha256: Buffer
}

/**
 * Reads tokens from text such as `alice:admin:s3cret… ci:operator:…` (separated by white space or commas).
 * @throws RefitError `tokens-invalid`
 */
export function parseTokens(text: string): readonly Token[] {
  const seen = new Set<string>()
  return text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry, index) => {
      const [name = '', role = '', ...rest] = entry.split(':')
      const secret = rest.join(':')
      const place = `Token ${index + 1}`
      if (!/^[\w.-]{1,64}$/.test(name)) throw refitError('tokens-invalid', { reason: `${place} has no plain name.` })
      if (seen.has(name)) throw refitError('tokens-invalid', { reason: `Two tokens are named ${name}.` })
      seen.add(name)
      if (!isRole(role)) throw refitError('tokens-invalid', { reason: `${place} (${name}) has no role of: ${roles.join(', ')}.` })
      if (secret.length < MINIMUM_SECRET) throw refitError('tokens-invalid', { reason: `The secret of ${name} is shorter than ${MINIMUM_SECRET} characters.` })
      return tokenOf(name, role, secret)
    })
}

/** A token of a secret. */
export function tokenOf(name: string, role: Role, secret: string): Token {
  return { name, role, sha256: hash(secret) }
}

const MINIMUM_SECRET = 16

/**
 * Beyond loopback anybody on the network could call, so tokens must tell who may.
 * @throws RefitError `tokens-required`
 */
export function requireTokensBeyondLoopback(bind: string, tokens: readonly Token[]): void {
  if (tokens.length === 0 && !isLoopback(bind)) throw refitError('tokens-required', { bind })
}

/** @throws Error, at start: a route without a role, or an open one with one, is a mistake of ours. */
export function requireDeclaredRole(route: RouteOptions, openRoutes: ReadonlySet<string>): void {
  const open = openRoutes.has(route.url)
  const role = route.config?.role
  if (open === (role !== undefined)) {
    throw new Error(`Route ${String(route.method)} ${route.url} must ${open ? 'not declare a role: it is open' : 'declare a role in its config'}.`)
  }
}

/**
 * Names the caller and checks their role. Without tokens (loopback only) everybody is admin and may say who they are, but who
 * shows a lent token, which is never more than that.
 * @throws RefitError `unauthenticated`, `token-unknown`, `forbidden`, `token-lent`
 */
export function authorise(request: FastifyRequest, tokens: readonly Token[], lent?: LentTokens): void {
  const { role, authenticatesItself = false } = request.routeOptions.config
  if (authenticatesItself) return
  const token = shownSecret(request)
  if (token !== undefined && lent?.isOne(token) === true) {
    authoriseLent(request, token, lent)
    return
  }
  if (tokens.length === 0) {
    request.actor = claimedActor(request)
    request.callerRole = 'admin'
    return
  }
  if (token === undefined) {
    if (role !== undefined) throw refitError('unauthenticated', {})
    return
  }
  const caller = findToken(tokens, token)
  if (caller === undefined) throw refitError('token-unknown', {})
  request.actor = `token:${caller.name}`
  request.callerRole = caller.role
  if (role !== undefined) requireRole(request, role)
}

function authoriseLent(request: FastifyRequest, token: string, lent: LentTokens): void {
  const actor = lent.actorOf(token)
  if (actor === undefined) throw refitError('token-unknown', {})
  request.actor = actor
  request.lentToken = token
  const { role, lent: takesLent = false } = request.routeOptions.config
  if (role !== undefined && !takesLent) throw refitError('token-lent', { method: request.method, path: request.routeOptions.url ?? '' })
}

/** For what a route gives to fewer callers than those who may ask it. @throws RefitError `forbidden` */
export function requireRole({ callerRole }: Pick<FastifyRequest, 'callerRole'>, role: Role): void {
  if (callerRole === undefined || roles.indexOf(callerRole) < roles.indexOf(role)) throw refitError('forbidden', { role })
}

/** The secret that a request shows: as a bearer's, or as the password of basic authentication, for clients that know nothing else. */
function shownSecret({ headers: { authorization = '' } }: FastifyRequest): string | undefined {
  const basic = /^Basic +([\w+/=-]+)$/i.exec(authorization)?.[1]
  if (basic === undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  const decoded = Buffer.from(basic, 'base64').toString()
  return decoded.slice(decoded.indexOf(':') + 1)
}

/** Compares with every token, so that the time taken tells nothing. */
function findToken(tokens: readonly Token[], secret: string): Token | undefined {
  const sought = hash(secret)
  return tokens.filter((token) => timingSafeEqual(token.sha256, sought))[0]
}

function claimedActor(request: FastifyRequest): string {
  const claimed = request.headers['refit-actor']
  return typeof claimed === 'string' && /^[\w.:@-]{1,80}$/.test(claimed) ? claimed : 'api'
}

function isRole(text: string): text is Role {
  return roles.some((role) => role === text)
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
