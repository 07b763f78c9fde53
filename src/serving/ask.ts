import type { FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import type { Side } from '../predictions/prediction-id.js'
import type { Recorder } from '../predictions/recorder.js'
import type { Want } from '../predictors/want.js'
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
    /** Of its answer; empty where there is none. */
    predictionId: string
    /** Whether its caller waits for predictions. */
    want: Want | undefined
  }
}

/** What is asked, in whatever protocol. */
export interface Question {
  readonly model: string
  /** Only this version may answer. */
  readonly version?: number | undefined
  /** The rows for the version that answers. @throws RefitError */
  readonly rows: (signature: Signature) => readonly unknown[]
  /** What the caller calls the rows, one a row. */
  readonly keys?: readonly string[] | undefined
}

/** What a version has answered. */
export interface Answered extends Omit<PredictAnswer, 'id'> {
  readonly signature: Signature
}

/**
 * Asks a live version: the one way from a request to predictions, so that limits and refusals are the same in every
 * protocol.
 * @throws RefitError
 */
export type Ask = (request: FastifyRequest, question: Question) => Promise<Answered>

/** Where `recorder` is given, answers get ids by it, and it keeps what is logged of them. */
export function createAsk(live: LiveSet, sideBySide: Pick<SideBySide, 'use'>, isReady: () => boolean, recorder?: Pick<Recorder, 'record'>): Ask {
  return async (request, { model, version, rows, keys }) => {
    refuseWhileLoading(live, isReady, model)
    const { origin, features, ...answered } = await sideBySide.use(
      model,
      async ({ version: answering, signature }, predictor) => {
        if (version !== undefined && version !== answering) throw refitError('version-not-live', { model, version, live: answering })
        const asked = rows(signature)
        request.askedRows = asked.length
        requireCount(asked.length)
        requireKeys(keys, asked.length)
        const features = readRows(signature, asked)
        // By the set that it was asked of: while it answers, another one may become champion.
        const origin = originOf(live, model, answering)
        const { traced } = request
        const predictions = await (traced === undefined ? predictor.predict(features) : traced.during('predict', { 'refit.version': answering }, () => predictor.predict(features)))
        return { model, version: answering, origin, signature, features, predictions: answerOf(signature, predictions) }
      },
      { key: keyOf(request.headers), version, want: request.want, place: request.place },
    )
    // Only now: what a mirrored request is answered, nobody is handed.
    if (recorder !== undefined) request.predictionId = recorder.record({ ...answered, ...origin, features: features.columns, rows: features.rows, keys })
    const { predictionId } = request
    request.traced?.tell({ 'refit.version': answered.version, 'refit.rows': request.askedRows, ...(predictionId === '' ? {} : { 'refit.prediction': predictionId }) })
    return answered
  }
}

/** What a caller shows to be answered by the same side of a rollout again. */
function keyOf(headers: FastifyRequest['headers']): string | undefined {
  const key = headers['refit-key']
  return typeof key === 'string' && key !== '' ? key : undefined
}

/** By which pointer a version answers now. One that is rolled out has a generation of this process alone, which says nothing elsewhere. */
function originOf(live: LiveSet, model: string, version: number): { readonly side: Side; readonly generation: number } {
  const champion = live.isLive(model) ? live.get(model) : undefined
  return champion?.version === version ? { side: 'champion', generation: champion.generation } : { side: 'challenger', generation: 0 }
}

/** Until everything has been loaded once, a model that is not live may be one that will be. @throws RefitError `models-loading` */
export function refuseWhileLoading(live: LiveSet, isReady: () => boolean, model: string): void {
  if (!isReady() && !live.isLive(model)) throw refitError('models-loading', { model })
}

/** Requires a name for each row, where rows have names. @throws RefitError `request-invalid` */
function requireKeys(keys: readonly string[] | undefined, rows: number): void {
  if (keys !== undefined && keys.length !== rows) throw refitError('request-invalid', { reason: `it has ${rows} rows and ${keys.length} keys` })
}

/** Requires a number of rows that is answered at once. @throws RefitError `request-invalid` */
export function requireCount(rows: number): void {
  if (rows === 0) throw refitError('request-invalid', { reason: 'it has no rows' })
  if (rows > MOST_ROWS) throw refitError('request-invalid', { reason: `it has more than ${MOST_ROWS} rows, and no more are answered at once` })
}
