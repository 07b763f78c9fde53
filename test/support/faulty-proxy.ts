import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { listenOnLoopback } from './on-loopback.js'

/** What goes wrong with one request, or its answer. */
export type Fault =
  /** The server is never asked. */
  | { readonly kind: 'status'; readonly status: 403 | 500 | 502 | 503; readonly retryAfter?: number; readonly code: string }
  /** The answer has the status of a success and the body of a failure. `done`: the server had done what was asked. */
  | { readonly kind: 'error-in-success'; readonly done: boolean }
  /** The connection is reset: before the server is asked, after it has answered, or within the body of the answer. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' | 'within' }
  /** The answer ends early, though it says how long it is; `quiet`: it says the shorter length. */
  | { readonly kind: 'cut'; readonly quiet: boolean }
  /** Nothing comes any more: no answer at all, or no rest of its body. */
  | { readonly kind: 'stall'; readonly when: 'before' | 'within' }
  /** One bit of the body is another: on the way to the server, or back. */
  | { readonly kind: 'flip'; readonly way: 'there' | 'back' }

/** A request as the plan sees it; requests are numbered as they come. */
export interface SeenRequest {
  readonly number: number
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Bytes of its body. */
  readonly bytes: number
}

export interface FaultyProxy {
  readonly endpoint: string
  /** Every request that has come, with what was done to it. */
  readonly seen: readonly (SeenRequest & { readonly fault: Fault | undefined })[]
}

/**
 * A proxy of HTTP between a client and an S3 server that spoils what the plan says. It passes the name of the host on,
 * so that signatures hold.
 */
export async function startFaultyProxy(context: Pick<TestContext, 'after'>, target: string, plan: (seen: SeenRequest) => Fault | undefined): Promise<FaultyProxy> {
  const seen: (SeenRequest & { readonly fault: Fault | undefined })[] = []
  const { hostname, port } = new URL(target)
  const handle = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await bytesOf(asked)
    const request: SeenRequest = { number: seen.length, method: asked.method ?? '', url: asked.url ?? '', bytes: body.length }
    const fault = plan(request)
    seen.push({ ...request, fault })
    if (await spoilBefore(fault, asked, answer)) return
    const sent = fault?.kind === 'flip' && fault.way === 'there' ? flipped(body) : body
    const given = await forward({ hostname, port, asked, body: sent })
    await answerWith(given, fault, answer)
  }
  const server = createServer((asked, answer) => {
    handle(asked, answer).catch(() => answer.destroy())
  })
  // Stalled answers are the client's to give up.
  server.requestTimeout = 0
  return { endpoint: await listenOnLoopback(context, server), seen }
}

interface Given {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Whether that was all: the server is not asked. */
async function spoilBefore(fault: Fault | undefined, asked: IncomingMessage, answer: ServerResponse): Promise<boolean> {
  switch (fault?.kind) {
    case 'status': {
      const { status, code, retryAfter } = fault
      answer.writeHead(status, { 'Content-Type': 'application/xml', ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }) })
      answer.end(errorXml(code))
      return true
    }
    case 'error-in-success':
      if (!fault.done) answer.writeHead(200, { 'Content-Type': 'application/xml' }).end(errorXml('InternalError'))
      return !fault.done
    case 'reset':
      if (fault.when === 'before') asked.socket.resetAndDestroy()
      return fault.when === 'before'
    case 'stall':
      return fault.when === 'before'
    default:
      return false
  }
}

async function answerWith({ status, headers, body }: Given, fault: Fault | undefined, answer: ServerResponse): Promise<void> {
  const head = (length: number): ServerResponse => answer.writeHead(status, { ...headers, 'content-length': String(length) })
  const half = body.subarray(0, Math.floor(body.length / 2))
  switch (fault?.kind) {
    case 'error-in-success':
      answer.writeHead(200, { 'Content-Type': 'application/xml' }).end(errorXml('InternalError'))
      return
    case 'reset':
      if (fault.when === 'within') await written(head(body.length), half)
      answer.socket?.resetAndDestroy()
      return
    case 'cut':
      if (fault.quiet) head(half.length).end(half)
      else {
        await written(head(body.length), half)
        answer.socket?.end()
      }
      return
    case 'stall':
      await written(head(body.length), half)
      return
    case 'flip':
      head(body.length).end(fault.way === 'back' ? flipped(body) : body)
      return
    default:
      // A HEAD says how long the body would be.
      answer.writeHead(status, headers).end(body)
  }
}

async function forward({ hostname, port, asked, body }: { readonly hostname: string; readonly port: string; readonly asked: IncomingMessage; readonly body: Buffer }): Promise<Given> {
  return new Promise((resolve, reject) => {
    const { connection: _connection, expect: _expect, 'transfer-encoding': _encoding, ...headers } = asked.headers
    const sent = request({ hostname, port, method: asked.method, path: asked.url, headers: { ...headers, 'content-length': String(body.length) } }, (given) => {
      bytesOf(given).then((bytes) => {
        const { connection: _kept, 'transfer-encoding': _chunked, ...rest } = given.headers
        resolve({ status: given.statusCode ?? 502, headers: rest, body: bytes })
      }, reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Writes and waits until it is on its way, for what comes after ends the connection. */
async function written(answer: ServerResponse, part: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    answer.write(part.length === 0 ? ' ' : part, () => resolve())
  })
}

function flipped(body: Buffer): Buffer {
  const other = Buffer.from(body)
  const at = Math.floor(body.length / 3)
  if (body.length > 0) other[at] = (other[at] ?? 0) ^ 16
  return other
}

function errorXml(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>We encountered an internal error. Please try again.</Message><RequestId>r</RequestId></Error>`
}
