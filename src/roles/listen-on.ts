import type { FastifyInstance } from 'fastify'
import { refitError } from '../errors.js'

const reasons: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'another program listens there'],
  ['EACCES', 'this user may not bind to it'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'there is no machine of that name'],
  ['EAI_AGAIN', 'nobody answers who that name is'],
])

/** Binds a server and returns its address as callers of this machine write it; `where` says where another port is chosen. @throws RefitError `port-taken` */
export async function listenOn(app: FastifyInstance, bind: string, port: number, where: string): Promise<string> {
  try {
    await app.listen({ host: bind, port })
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? reasons.get(error.code) : undefined
    throw reason === undefined ? error : refitError('port-taken', { bind, port, reason, where }, { cause: error })
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const everywhere = bind === '0.0.0.0' || bind === '::'
  const host = everywhere ? '127.0.0.1' : bind.includes(':') ? `[${bind}]` : bind
  return `http://${host}:${bound}`
}
