import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Role } from '../http/access.js'
import { readMessage, type Reading } from './message.js'
import { requireWithinTraining, takesTrainings } from './training-rules.js'

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Registers a route that reads a message, from the query of a GET and from the body of anything else, and answers with JSON. */
export function handle<T>(app: FastifyInstance, method: Method, url: string, role: Role, reading: Reading<T>, answer: (message: T, request: FastifyRequest) => Promise<object> | object): void {
  const inQuery = method === 'GET'
  app.route({
    method,
    url,
    config: { role, lent: takesTrainings(method, url) },
    schema: { hide: true },
    handler: async (request, reply) => {
      const params = typeof request.params === 'object' && request.params !== null ? request.params : {}
      const sent = inQuery ? request.query : (request.body ?? {})
      const values = Object.keys(params).length === 0 ? sent : { ...(typeof sent === 'object' ? sent : {}), ...params }
      const message = readMessage(reading, values, inQuery)
      await requireWithinTraining(request, method, url, message)
      return reply.type('application/json; charset=utf-8').send(await answer(message, request))
    },
  })
}
