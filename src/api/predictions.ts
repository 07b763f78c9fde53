import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { predictionLogOf } from '../define/resolve-prediction-log.js'
import { refitError } from '../errors.js'
import { whileConnected } from '../http/body-stream.js'
import { requireShallow } from '../http/json-depth.js'
import { keepFeedback } from '../prediction-log/feedback.js'
import { amountsOf } from '../prediction-log/files.js'
import { predictionKey } from '../prediction-log/key.js'
import { MOST_ENTRIES, readFeedback } from '../prediction-log/read-feedback.js'
import { readAnswer, readJoined } from '../prediction-log/read.js'
import { LONGEST_ID, readPredictionId } from '../predictions/prediction-id.js'
import { championMoveOf } from '../registry/champion.js'
import { getModel } from '../registry/models.js'
import { championMove } from './models.js'
import type { ApiParts } from './parts.js'
import { versionDetail } from './versions.js'
import { FeedbackTaken, LoggedPredictions, PredictionDetail, PredictionLogDetail } from './wire/prediction.js'
import { instant } from './wire/time.js'

const closed = { additionalProperties: false }
const PAGE = 100
const DAY_MS = 86_400_000
const LARGEST_BODY_BYTES = 16 * 1024 * 1024
const tags = ['predictions']
const ModelName = Type.Object({ model: Type.String() })

/** What the endpoint has answered: by what, what is logged of it, and what the truth was. */
export function predictionRoutes({ database, objects, clock, bringPredictions }: ApiParts): FastifyPluginCallbackTypebox {
  const key = async (): Promise<Buffer> => Buffer.from(await predictionKey(database), 'hex')
  /** One after the other: each takes a process and its memory. */
  let reading: Promise<unknown> = Promise.resolve()
  const read = async <T>(request: FastifyRequest, isFirst: boolean, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> =>
    whileConnected(request, async (signal) => {
      const turn = async (): Promise<T | undefined> => {
        if (signal.aborted) return undefined
        if (isFirst) await bringPredictions()
        return work(signal).catch((error: unknown) => {
          // Nobody hears what is answered to someone who has gone.
          if (signal.aborted) return undefined
          throw error
        })
      }
      const mine = reading.then(turn)
      reading = mine.catch(() => undefined)
      return mine
    })
  return (app, _options, done) => {
    app.addContentTypeParser<string>('application/x-ndjson', { parseAs: 'string' }, (_request, body, parsed) => {
      try {
        parsed(null, linesOf(body))
      } catch (error) {
        parsed(error instanceof Error ? error : new Error(String(error)))
      }
    })

    app.get(
      '/predictions/:id',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getPrediction',
          tags,
          summary: 'What has given an answer: the version with its verdict and lineage',
          description: 'An id tells so by itself, whether or not its answer is in the prediction log.',
          params: Type.Object({ id: Type.String({ maxLength: LONGEST_ID, description: 'From the answer, or its header refit-prediction-id' }) }),
          response: { 200: PredictionDetail },
        },
      },
      async ({ params }) => {
        const facts = readPredictionId(await key(), params.id)
        if (facts === undefined) throw refitError('prediction-unknown', {})
        const { model, version, generation, side, at, rows, sampled } = facts
        const move = side === 'champion' ? await championMoveOf(database, model, generation) : undefined
        return { id: params.id, model, at: instant(at), rows, side, logged: sampled, version: await versionDetail(database, model, version), ...(move === undefined ? {} : { move: championMove(move) }) }
      },
    )

    app.get(
      '/models/:model/predictions',
      {
        // They hold what people have sent.
        config: { role: 'operator' },
        schema: {
          operationId: 'listPredictions',
          tags,
          summary: 'Logged rows of a model with their predictions, and the truth where it has come; the newest first',
          description: 'Rows come here some ten seconds after they were answered.',
          params: ModelName,
          querystring: Type.Object(
            {
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: PAGE })),
              before: Type.Optional(Type.String({ maxLength: 40, description: 'From the page before' })),
              answer: Type.Optional(Type.String({ maxLength: LONGEST_ID, description: 'Only the rows of the answer of this id, in their order; there is no further page of them' })),
            },
            closed,
          ),
          response: { 200: LoggedPredictions },
        },
      },
      async (request) => {
        const { params, query } = request
        const { model } = params
        const { limit = PAGE, answer } = query
        await getModel(database, model)
        if (answer !== undefined) {
          const facts = readPredictionId(await key(), answer)
          if (facts?.model !== model) throw refitError('prediction-unknown', {})
          return { rows: [...((await read(request, true, (signal) => readAnswer(database, objects, facts, { id: answer, limit }, signal))) ?? [])] }
        }
        const { rows, before } = (await read(request, query.before === undefined, (signal) => readJoined(database, objects, { model, before: query.before, limit }, signal))) ?? { rows: [] }
        return { rows: [...rows], ...(before === undefined ? {} : { before }) }
      },
    )

    app.get(
      '/models/:model/prediction-log',
      {
        config: { role: 'viewer' },
        schema: { operationId: 'getPredictionLog', tags, summary: 'What of the answers of a model is logged, and how much of it is kept', params: ModelName, response: { 200: PredictionLogDetail } },
      },
      async ({ params }) => {
        const { definition } = await getModel(database, params.model)
        const log = predictionLogOf(definition)
        const { from, to, ...amounts } = await amountsOf(database, params.model)
        return {
          model: params.model,
          ...(log === undefined ? {} : { logged: { share: log.share, days: log.keepMilliseconds / DAY_MS, ...(log.columns === undefined ? {} : { columns: [...log.columns] }) } }),
          kept: { ...amounts, ...(from === undefined || to === undefined ? {} : { from: instant(from), to: instant(to) }) },
        }
      },
    )

    app.post(
      '/models/:model/feedback',
      {
        config: { role: 'operator' },
        bodyLimit: LARGEST_BODY_BYTES,
        schema: {
          operationId: 'giveFeedback',
          tags,
          summary: 'Tell the truth about rows that were predicted',
          description:
            `An entry has \`truth\`, and says of which row: by \`prediction\`, the id of the answer, with \`row\`, its place in the request from 0 on (default 0); or by \`key\`, which was sent with the row. ` +
            `The body is one entry, \`{"feedback": [entries]}\`, or, as application/x-ndjson, an entry a line; up to ${MOST_ENTRIES} of them. All are kept or none. What is sent again changes nothing; another truth of a row takes the place of the former one.`,
          consumes: ['application/json', 'application/x-ndjson'],
          params: ModelName,
          body: Type.Unknown(),
          response: { 200: FeedbackTaken },
        },
      },
      async ({ params, body, actor }) => {
        const { definition } = await getModel(database, params.model)
        if (predictionLogOf(definition) === undefined) throw refitError('prediction-log-off', { model: params.model })
        const { truths, notLogged } = readFeedback(entriesOf(body), { model: params.model, task: definition.task, key: await key() })
        await keepFeedback(database, { model: params.model, actor, at: clock.now() }, truths)
        return { taken: truths.length, notLogged }
      },
    )
    done()
  }
}

/** One entry, several, or those of lines. */
function entriesOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body
  if (typeof body === 'object' && body !== null && 'feedback' in body && Array.isArray(body.feedback)) return body.feedback
  return [body]
}

/** The JSON of each line. @throws RefitError `request-invalid` */
function linesOf(body: string): readonly unknown[] {
  requireShallow(body)
  const lines = body.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > MOST_ENTRIES) throw refitError('request-invalid', { reason: `it has more than ${MOST_ENTRIES} lines, and no more are taken at once` })
  return lines.map((line, index): unknown => {
    try {
      return JSON.parse(line)
    } catch (error) {
      throw refitError('request-invalid', { reason: `line ${index + 1} is no JSON` }, { cause: error })
    }
  })
}
