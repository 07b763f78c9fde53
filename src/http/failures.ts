import { randomUUID } from 'node:crypto'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { RefitError, refitError, type Fault } from '../errors.js'
import type { Failure } from './failure.js'

/** The body of a refusal as a foreign protocol has it, in place of ours. */
export type FailureShape = (failure: Failure, status: number) => { readonly type: string; readonly body: string }

/** Answers a failed request: a foreseen error as it is, a bug by an id that the log knows. */
export async function answerFailure(error: unknown, request: FastifyRequest, reply: FastifyReply, shape?: FailureShape): Promise<FastifyReply> {
  const { known, bug } = knownFailure(error, request)
  const { status, retryAfterSeconds } = known
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', retryAfterSeconds)
  const failure: Failure = bug === undefined ? failureOf(known) : { ...failureOf(known), id: bug }
  if (shape === undefined) return reply.status(status).type('application/json').send(failure)
  const { type, body } = shape(failure, status)
  // With a serializer of its own Fastify leaves the type as it is; some clients compare it whole.
  return reply.status(status).type(type).serializer(String).send(body)
}

/** The error of the catalogue that a failed request is answered with. What nobody foresaw is a bug: the log gets its stack, under an id. */
export function knownFailure(error: unknown, request: FastifyRequest): { readonly known: RefitError; readonly bug: string | undefined } {
  const known = foreseen(error)
  if (known !== undefined) return { known, bug: undefined }
  const id = randomUUID().slice(0, 8)
  request.log.error({ err: error, errorId: id, method: request.method, url: request.url }, 'A request met a bug')
  return { known: refitError('internal', { id }), bug: id }
}

/** An error of the catalogue as the body of an answer. */
export function failureOf(error: RefitError): Failure {
  const { code, message, hint, faults } = error
  return faults.length === 0 ? { code, message, hint } : { code, message, hint, faults: [...faults] }
}

/** What Fastify refuses, told as errors of the catalogue; undefined for what nobody foresaw. */
function foreseen(error: unknown): RefitError | undefined {
  if (error instanceof RefitError) return error
  if (!isFastifyError(error)) return undefined
  if (error.validation !== undefined) {
    const faults = error.validation.flatMap(({ instancePath, message }): Fault[] => {
      const path = [error.validationContext ?? 'request', ...instancePath.split('/').filter((step) => step !== '')].join('.')
      // An unknown name is reported twice: once for itself and once for what holds it.
      if (message === 'must not have additional properties') return []
      return [{ path, message: message === 'schema is false' ? 'is not known here' : (message ?? 'is not valid') }]
    })
    return refitError('request-invalid', { reason: faults.map(({ path, message }) => `${path} ${message}`).join('; ') }, { faults, cause: error })
  }
  switch (error.statusCode) {
    case 413:
      return refitError('request-too-large', {}, { cause: error })
    case 415:
      return refitError('media-type-unsupported', {}, { cause: error })
    default:
      return refitError('request-invalid', { reason: error.message }, { cause: error })
  }
}

/** Only what Fastify itself refused: an error that merely carries a status is a bug like any other. */
function isFastifyError(error: unknown): error is FastifyError & { statusCode: number } {
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return false
  const { code, statusCode } = error
  return typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
}
