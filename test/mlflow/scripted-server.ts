import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { listenOnLoopback } from '../support/on-loopback.js'

/** A body, which is sent as JSON unless it is text. */
export interface Message {
  readonly status?: number
  readonly body: unknown
}

/** What a server says to one request: a message, or something of its own. */
export type Said = Message | ((answer: ServerResponse) => void)

/** A server that says what a test wants it to, as one may that means harm. It speaks real HTTP. */
export interface ScriptedServer {
  readonly url: string
  /** What was asked: path, query and head. */
  readonly asked: readonly { readonly path: string; readonly query: URLSearchParams; readonly headers: IncomingHttpHeaders }[]
}

/** `say` is asked with the path below /api/2.0 and the query; undefined: there is no such thing. */
export async function startScriptedServer(context: Pick<TestContext, 'after'>, say: (path: string, query: URLSearchParams) => Said | undefined): Promise<ScriptedServer> {
  const asked: { readonly path: string; readonly query: URLSearchParams; readonly headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, answer) => {
    request.resume()
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://here')
    const path = pathname.replace('/api/2.0', '')
    asked.push({ path, query: searchParams, headers: request.headers })
    const said = say(path, searchParams)
    if (typeof said === 'function') said(answer)
    else if (said === undefined) answer.writeHead(404, { 'Content-Type': 'application/json' }).end('{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such thing"}')
    else answer.writeHead(said.status ?? 200, { 'Content-Type': 'application/json' }).end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body))
  })
  return { url: await listenOnLoopback(context, server), asked }
}
