import type { FastifyInstance } from 'fastify'
import { requireShallow } from '../http/json-depth.js'
import { invalid } from '../tracking/refusals.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a message of MLflow's API as it was sent, for refusals that repeat it. */
    sentText: string | undefined
  }
}

/** The profile of a dataset has up to 16 million characters, which JSON may escape. */
const LARGEST_BODY = 64 * 1024 * 1024

/** Routes registered from here on read JSON, which may be nothing at all, or a text that holds JSON, as old clients send it. */
export function takeJson(app: FastifyInstance): void {
  app.decorateRequest('sentText')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/json\b/, { parseAs: 'string', bodyLimit: LARGEST_BODY }, (request, body, parsed) => {
    request.sentText = String(body)
    try {
      parsed(null, decode(request.sentText))
    } catch (error) {
      parsed(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

function decode(body: string): unknown {
  if (body.trim() === '') return {}
  const once = parse(body)
  return typeof once === 'string' ? parse(once) : once
}

function parse(json: string): unknown {
  requireShallow(json)
  try {
    return JSON.parse(json)
  } catch {
    throw invalid('Bad Request. The body is not valid JSON.')
  }
}
