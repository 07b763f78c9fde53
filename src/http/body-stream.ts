import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'

/** Routes registered from here on get their body as a stream of bytes, of any size and type. */
export function takeBodiesAsStreams(app: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'addContentTypeParser'>): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, parsed) => {
    parsed(null, payload)
  })
}

/** The body of such a route. @throws RefitError `request-invalid` when there is none */
export function streamOf(body: unknown): Readable {
  if (isReadable(body)) return body
  throw refitError('request-invalid', { reason: 'the body is empty' })
}

/** Does what a body asks for until it is done, or until whoever asks has gone: a body that has been read is no end of the connection. */
export async function whileConnected<T>(request: FastifyRequest, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController()
  const leave = (): void => gone.abort()
  const { socket } = request.raw
  socket.once('close', leave)
  try {
    return await work(gone.signal)
  } finally {
    socket.removeListener('close', leave)
  }
}

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body && 'readableAborted' in body
}
