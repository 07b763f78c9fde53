import type { FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import { answerOf } from './answer.js'
import type { LiveSet } from './live-set.js'
import { readRows } from './read-rows.js'
import type { SideBySide } from './side-by-side.js'
import { MOST_ROWS, type PredictAnswer } from './wire.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route asks for predictions: of which model, by the request. */
    asks?: (request: FastifyRequest) => string | undefined
  }
  interface FastifyRequest {
    /** Rows that it asks about, once they have been read. */
    askedRows: number
  }
}

/** What is asked, in whatever protocol. */
export interface Question {
  readonly model: string
  /** Only this version may answer. */
  readonly version?: number | undefined
  /** The rows for the version that answers. @throws RefitError */
  readonly rows: (signature: Signature) => readonly unknown[]
}

/** What a version has answered. */
export interface Answered extends PredictAnswer {
  readonly signature: Signature
}

/**
 * Asks a live version: the one way from a request to predictions, so that limits and refusals are the same in every
 * protocol.
 * @throws RefitError
 */
export type Ask = (request: FastifyRequest, question: Question) => Promise<Answered>

export function createAsk(live: LiveSet, sideBySide: Pick<SideBySide, 'use'>, isReady: () => boolean): Ask {
  return (request, { model, version, rows }) => {
    refuseWhileLoading(live, isReady, model)
    return sideBySide.use(
      model,
      async ({ version: answering, signature }, predictor) => {
        if (version !== undefined && version !== answering) throw refitError('version-not-live', { model, version, live: answering })
        const asked = rows(signature)
        request.askedRows = asked.length
        requireCount(asked.length)
        const predictions = await predictor.predict(readRows(signature, asked))
        return { model, version: answering, signature, predictions: answerOf(signature, predictions) }
      },
      { key: keyOf(request.headers), version },
    )
  }
}

/** What a caller shows to be answered by the same side of a rollout again. */
function keyOf(headers: FastifyRequest['headers']): string | undefined {
  const key = headers['refit-key']
  return typeof key === 'string' && key !== '' ? key : undefined
}

/** Until everything has been loaded once, a model that is not live may be one that will be. @throws RefitError `models-loading` */
export function refuseWhileLoading(live: LiveSet, isReady: () => boolean, model: string): void {
  if (!isReady() && !live.isLive(model)) throw refitError('models-loading', { model })
}

/** Requires a number of rows that is answered at once. @throws RefitError `request-invalid` */
export function requireCount(rows: number): void {
  if (rows === 0) throw refitError('request-invalid', { reason: 'it has no rows' })
  if (rows > MOST_ROWS) throw refitError('request-invalid', { reason: `it has more than ${MOST_ROWS} rows, and no more are answered at once` })
}
