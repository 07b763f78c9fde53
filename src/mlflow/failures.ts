import type { FastifyReply, FastifyRequest } from 'fastify'
import { isOutage } from '../database/outage.js'
import { refitError, type ErrorCode, type RefitError } from '../errors.js'
import { knownFailure } from '../http/failures.js'
import { invalid } from '../tracking/refusals.js'
import { InvalidValue } from './message.js'
import { mlflowOffered } from './offered.js'
import { sentValue } from './sent-value.js'

type Known = readonly [name: string, status: number]

/** What MLflow's clients rebuild their exceptions from, with the status that its server gives it. */
const names: Readonly<Partial<Record<ErrorCode, Known>>> = {
  'tracking-invalid': ['INVALID_PARAMETER_VALUE', 400],
  'tracking-missing': ['RESOURCE_DOES_NOT_EXIST', 404],
  'tracking-exists': ['RESOURCE_ALREADY_EXISTS', 400],
  'tracking-state': ['INVALID_STATE', 500],
  'tracking-unsupported': ['NOT_IMPLEMENTED', 501],
  // What is lost is not there the next time either, and clients ask for minutes after a 500.
  'object-missing': ['RESOURCE_DOES_NOT_EXIST', 404],
  'route-not-found': ['ENDPOINT_NOT_FOUND', 404],
  'database-away': ['TEMPORARILY_UNAVAILABLE', 503],
  's3-away': ['TEMPORARILY_UNAVAILABLE', 503],
}

/** Answers a failed request as MLflow's server does. */
export async function answerMlflowFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { known } = knownFailure(foreseen(error, request), request)
  const [error_code, status] = names[known.code] ?? byStatus(known)
  return reply.status(status).type('application/json').send({ error_code, message: isToldInFull(known) ? known.message : `${known.message} ${known.hint}` })
}

/** Answers a request for what MLflow's server may have and this one does not. */
export async function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return answerMlflowFailure(refitError('route-not-found', { method: request.method, path: request.url.split('?')[0] ?? '', offered: mlflowOffered }), request, reply)
}

/** What to do next goes with the message: MLflow's form has no place of its own for it. What is refused in MLflow's words stays as its clients know it. */
function isToldInFull({ code }: RefitError): boolean {
  return code.startsWith('tracking-') || code === 'request-invalid'
}

function foreseen(error: unknown, request: FastifyRequest): unknown {
  if (error instanceof InvalidValue) return invalid(`Invalid value ${sentValue(request.sentText, error.path, error.value)} for parameter '${error.path}' supplied. See the API docs for more information about request parameters.`)
  return isOutage(error) ? refitError('database-away', {}, { cause: error }) : error
}

function byStatus({ status }: RefitError): Known {
  switch (status) {
    case 401:
      return ['UNAUTHENTICATED', status]
    case 403:
      return ['PERMISSION_DENIED', status]
    case 404:
      return ['RESOURCE_DOES_NOT_EXIST', status]
    case 409:
      return ['RESOURCE_CONFLICT', status]
    case 413:
    case 415:
    case 422:
      return ['BAD_REQUEST', 400]
    default:
      return status < 500 ? ['BAD_REQUEST', status] : ['INTERNAL_ERROR', 500]
  }
}
