import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { refitError } from '../errors.js'

export interface HttpCall {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON text, or a stream of any size. */
  readonly body?: string | Readable
  readonly signal?: AbortSignal
}

/**
 * Makes one HTTP call and resolves when the head of the answer is there. There is no timeout: uploads and logs take
 * as long as they take.
 * @throws RefitError `control-not-running` when nothing listens there, `unreachable` when it cannot be asked
 */
export async function call({ method, url, headers = {}, body, signal }: HttpCall): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  const length = typeof body === 'string' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}
  try {
    const outgoing = request(url, { method, headers: { ...headers, ...length }, ...(signal === undefined ? {} : { signal }) })
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
    })
    if (body === undefined || typeof body === 'string') outgoing.end(body)
    // The server may refuse before it has read everything: then its answer counts, not the broken pipe.
    else await Promise.race([pipeline(body, outgoing), answer])
    return await answer
  } catch (error) {
    if (signal?.aborted === true) throw error
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ECONNREFUSED') throw refitError('control-not-running', { url: new URL(url).origin }, { cause: error })
      if (typeof error.code === 'string') throw refitError('unreachable', { url: new URL(url).origin, reason: error.message }, { cause: error })
    }
    throw error
  }
}

/** The whole body of an answer as text. @throws RefitError `unreachable` when it breaks off */
export async function textOf(answer: IncomingMessage): Promise<string> {
  return text(answer).catch(brokenOff)
}

/** The body of an answer as it comes. @throws RefitError `unreachable` when it breaks off */
export async function* chunksOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield Buffer.from(chunk)
  } catch (error) {
    brokenOff(error)
  }
}

/** A server that ends while it answers is no bug of ours. */
function brokenOff(error: unknown): never {
  throw refitError('unreachable', { url: 'The server', reason: `its answer broke off (${error instanceof Error ? error.message : String(error)})` }, { cause: error })
}
