import { Readable } from 'node:stream'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { refitError } from '../errors.js'
import { latestCursor, readEvents, type RecordedEvent } from '../runs/event.js'
import { getRun } from '../runs/queries.js'
import { getModel } from '../registry/models.js'
import { describeEvent } from './event-text.js'
import { startEventFeed, type EventFeed } from './event-feed.js'
import type { ApiParts } from './parts.js'
import { summariseStage } from './stage-summary.js'
import { endWithConnection } from './streams.js'
import { EventList, type EventRecord } from './wire/event.js'

const PAGE = 200
const HEARTBEAT_MS = 15_000
const MOST_STREAMS = 100

const Filter = {
  model: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
  after: Type.Optional(Type.String({ description: 'A cursor: begin after it; `start`: at the first event; `now`: with what comes next' })),
}

interface Selection {
  readonly model?: string | undefined
  readonly run?: string | undefined
}

/** Events: pages of JSON, and a stream of server-sent events. */
export function eventRoutes(parts: ApiParts): FastifyPluginCallbackTypebox {
  const { database } = parts
  return (app, _options, done) => {
    const feed = startEventFeed(database, parts.onEventHint, (error) => app.log.error({ err: error }, 'Events cannot be read'))
    const closing = new AbortController()
    let streams = 0
    app.addHook('preClose', (closed) => {
      closing.abort()
      feed.stop()
      closed()
    })

    const checkSelection = async ({ model, run }: Selection): Promise<void> => {
      if (model !== undefined) await getModel(database, model)
      if (run !== undefined) await getRun(database, run)
    }

    app.get(
      '/events',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listEvents',
          tags: ['events'],
          summary: 'Events in the order in which they were committed',
          description: 'Begins at the first event unless `after` says otherwise. `/events/stream` follows them as they come.',
          querystring: Type.Object(
            { ...Filter, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: PAGE })) },
            { additionalProperties: false },
          ),
          response: { 200: EventList },
        },
      },
      async ({ query }) => {
        await checkSelection(query)
        const after = await beginning(parts, query.after ?? 'start')
        const events = await readEvents(database, { model: query.model, run: query.run, after, limit: query.limit ?? PAGE })
        const last = events.at(-1)?.cursor ?? after
        return { events: events.map(record), ...(last === undefined ? {} : { after: last }) }
      },
    )

    app.get(
      '/events/stream',
      {
        exposeHeadRoute: false,
        config: { role: 'viewer' },
        schema: {
          operationId: 'streamEvents',
          tags: ['events'],
          summary: 'Events as they come, as server-sent events',
          description:
            'Each message has the cursor as its id, the kind as its event and the event as JSON data; `Last-Event-ID` resumes after a break. ' +
            'Begins with what comes next, for one run at its start, unless `after` says otherwise.',
          produces: ['text/event-stream'],
          querystring: Type.Object(Filter, { additionalProperties: false }),
        },
      },
      async (request, reply) => {
        const { query } = request
        if (streams >= MOST_STREAMS) throw refitError('too-many-listeners', { limit: MOST_STREAMS })
        await checkSelection(query)
        const after = await beginning(parts, lastEventId(request) ?? query.after ?? (query.run === undefined ? 'now' : 'start'))
        // A cursor that is none is refused while there is still an answer to refuse it by.
        await readEvents(database, { ...query, after, limit: 1 })
        const signal = endWithConnection(request, closing.signal)
        if (!signal.aborted) {
          streams += 1
          signal.addEventListener('abort', () => {
            streams -= 1
          })
        }
        const messages = Readable.from(follow(parts, feed, query, after, signal), { objectMode: false, highWaterMark: 64 * 1024 })
        return reply.type('text/event-stream; charset=utf-8').header('X-Accel-Buffering', 'no').send(messages)
      },
    )
    done()
  }
}

/** Reads page after page and waits for news at the end; a comment now and then keeps the connection alive. */
async function* follow({ database }: ApiParts, feed: EventFeed, { model, run }: Selection, start: string | undefined, signal: AbortSignal): AsyncGenerator<string> {
  let after = start
  let quietSince = Date.now()
  yield ': refit events\n\n'
  while (!signal.aborted) {
    const known = feed.known()
    const newest = await latestCursor(database)
    const events = await readEvents(database, { model, run, after, limit: PAGE })
    for (const event of events) yield message(event)
    // All up to `newest` has been looked at, so the next look need not pass it again.
    after = events.length === PAGE ? events.at(-1)?.cursor : (events.at(-1)?.cursor ?? newest ?? after)
    if (events.length > 0) {
      quietSince = Date.now()
      continue
    }
    await feed.news(known, AbortSignal.any([signal, AbortSignal.timeout(HEARTBEAT_MS)]))
    if (Date.now() - quietSince >= HEARTBEAT_MS) {
      quietSince = Date.now()
      yield ': still here\n\n'
    }
  }
}

/** Where reading begins; undefined: at the first event. */
async function beginning({ database }: ApiParts, after: string): Promise<string | undefined> {
  if (after === 'start') return undefined
  return after === 'now' ? latestCursor(database) : after
}

function lastEventId(request: FastifyRequest): string | undefined {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

function message(event: RecordedEvent): string {
  return `id: ${event.cursor}\nevent: ${event.kind}\ndata: ${JSON.stringify(record(event))}\n\n`
}

/** An event as it is told: in words, and with a stage's result summed up, for the whole of it can be long. */
function record(event: RecordedEvent): EventRecord {
  const { result, ...data } = event.data
  const { stage } = data
  const summary = typeof stage === 'string' && result !== undefined ? { summary: summariseStage(stage, result) } : {}
  return { ...event, data: { ...data, ...summary }, text: describeEvent(event) }
}
