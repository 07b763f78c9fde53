import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { refitError, type RefitError } from '../errors.js'
import { plain } from './plain.js'

/** A server that speaks MLflow's API: the one that is moved from, or Refit. */
export interface Server {
  /** What it is called where something of it is told, with its address and without credentials. */
  readonly called: string
  /** Without a slash at its end. */
  readonly base: string
  /** What tells it who asks. Sent there and nowhere else. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Question {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** From the base on, with its query. */
  readonly path: string
  /** What is asked for, in a few words. */
  readonly what: string
  /** JSON text, or a file. */
  readonly body?: string | Readable
}

export type Answer = { readonly ok: true; readonly message: IncomingMessage } | { readonly ok: false; readonly status: number; readonly failure: RefitError }

/** A failure that time may mend. */
export class Passing extends Error {
  override readonly name = 'Passing'

  constructor(readonly failure: RefitError) {
    super(failure.message)
  }
}

const SILENCE_MS = 120_000
const TRIES = 6
const FIRST_PAUSE_MS = 250
/** Of a refusal, what is read to tell it. */
const MOST_REFUSAL_BYTES = 16 * 1024
/** Of the refusals that time may mend, whatever was asked. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])

/**
 * Asks once. Redirects are not followed: they would take what tells who asks elsewhere.
 * @throws Passing when it cannot be asked, or asks for patience
 */
export async function exchange(server: Server, question: Question, signal: AbortSignal): Promise<Answer> {
  const message = await send(server, question, signal)
  const status = message.statusCode ?? 0
  if (status >= 200 && status < 300) return { ok: true, message }
  // Refused before all of it was sent: the rest need not go.
  if (typeof question.body === 'object') question.body.destroy()
  const reason = status >= 300 && status < 400 ? `it redirects (${status}), which is not followed; name the address that it leads to` : `status ${status}. ${await reasonOf(message)}`.trim()
  // Only to whoever is not known, or may not, it is a question of who asks.
  const failure = refitError(status === 401 || status === 403 ? 'import-access-refused' : 'import-server-refused', { server: server.called, what: plain(question.what), reason })
  if (PASSING_STATUSES.has(status)) throw new Passing(failure)
  return { ok: false, status, failure }
}

/** Does what may be done again until it succeeds, for some seconds. @throws RefitError the last failure */
export async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Passing)) throw error
      if (tried === TRIES) throw error.failure
      await delay(FIRST_PAUSE_MS * 2 ** (tried - 1), undefined, { signal })
    }
  }
}

/** That a server cannot be reached. */
export function away(server: Server, error: unknown): Passing {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const reason = error instanceof Error && error.message !== '' ? error.message : code
  return new Passing(refitError('import-server-away', { server: server.called, reason: plain(reason) }, { cause: error }))
}

function send(server: Server, { method, path, body }: Question, signal: AbortSignal): Promise<IncomingMessage> {
  const { base, headers } = server
  const url = `${base}${path}`
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  const type = body === undefined ? {} : typeof body === 'string' ? { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) } : { 'Content-Type': 'application/octet-stream' }
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(signal.aborted ? error : away(server, error))
    const outgoing = begun(() => request(url, { method, headers: { Accept: '*/*', 'User-Agent': 'refit', ...headers, ...type }, timeout: SILENCE_MS, signal }), server)
    outgoing.once('response', resolve)
    outgoing.once('timeout', () => outgoing.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} seconds`)))
    // It may fail again after it was answered.
    outgoing.on('error', fail)
    if (typeof body === 'object') pipeline(body, outgoing).catch(fail)
    else outgoing.end(body)
  })
}

/** What cannot stand in a head, such as a token with a line break, no patience mends. @throws RefitError `import-server-away` */
function begun(request: () => ClientRequest, server: Server): ClientRequest {
  try {
    return request()
  } catch (error) {
    throw error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_CHAR' ? away(server, error).failure : error
  }
}

/** An answer to its end, or until it has more than so many bytes, which ends its connection. */
export async function contentOf(message: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of message) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > most) break
  }
  return Buffer.concat(chunks)
}

/** What a refusal says, from MLflow's form of it or as text. */
async function reasonOf(message: IncomingMessage): Promise<string> {
  // Where it breaks off, the status tells enough.
  const content = await contentOf(message, MOST_REFUSAL_BYTES).catch(() => Buffer.alloc(0))
  const text = content.toString('utf8')
  return plain(messageIn(text) ?? text)
}

function messageIn(text: string): string | undefined {
  try {
    const told: unknown = JSON.parse(text)
    return typeof told === 'object' && told !== null && 'message' in told && typeof told.message === 'string' ? told.message : undefined
  } catch {
    return undefined
  }
}
