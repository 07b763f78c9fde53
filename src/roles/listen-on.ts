import type { FastifyInstance } from 'fastify'
import { refitError } from '../errors.js'

const reasons = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user may not bind to it',
  EADDRNOTAVAIL: 'this machine has no such address',
} as const

/** Binds a server and returns its address as callers of this machine write it. @throws RefitError `port-taken` */
export async function listenOn(app: FastifyInstance, bind: string, port: number): Promise<string> {
  try {
    await app.listen({ host: bind, port })
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')) {
      throw refitError('port-taken', { bind, port, reason: reasons[error.code] }, { cause: error })
    }
    throw error
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const everywhere = bind === '0.0.0.0' || bind === '::'
  const host = everywhere ? '127.0.0.1' : bind.includes(':') ? `[${bind}]` : bind
  return `http://${host}:${bound}`
}
