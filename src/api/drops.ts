import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox, FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Drop } from '../drops/drop.js'
import { getDrop, listDrops, snapshotsOf } from '../drops/queries.js'
import { recordDrop } from '../drops/record.js'
import { refitError } from '../errors.js'
import { getModel } from '../registry/models.js'
import type { ApiParts } from './parts.js'
import { DropDetail, DropList, DropRecorded, DropState, type DropSummary } from './wire/drop.js'
import { instant } from './wire/time.js'

const closed = { additionalProperties: false }
const PAGE = 50
const tags = ['drops']
const ModelName = Type.Object({ model: Type.String() })

/** Name of the source that uploads belong to. */
export const UPLOAD_SOURCE = 'upload'

/** Drops: send one, look at what has become of them. */
export function dropRoutes(parts: ApiParts): FastifyPluginAsyncTypebox {
  const { database } = parts
  return async (app) => {
    app.get(
      '/models/:model/drops',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listDrops',
          tags,
          summary: 'Drops of a model, the newest first',
          params: ModelName,
          querystring: Type.Object(
            {
              state: Type.Optional(DropState),
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: PAGE })),
              before: Type.Optional(Type.String({ description: 'Id of the last drop of the page before' })),
            },
            closed,
          ),
          response: { 200: DropList },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const limit = query.limit ?? PAGE
        const drops = await listDrops(database, params.model, { ...query, limit })
        const last = drops.at(-1)
        return { drops: drops.map(dropSummary), ...(last === undefined || drops.length < limit ? {} : { before: last.id }) }
      },
    )

    app.get(
      '/drops/:id',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getDrop',
          tags,
          summary: 'One drop with the snapshots that it is part of',
          params: Type.Object({ id: Type.String({ description: 'Id of a drop, e.g. house-price-d7' }) }),
          response: { 200: DropDetail },
        },
      },
      async ({ params }) => {
        const drop = await getDrop(database, params.id)
        return { ...dropSummary(drop), snapshots: [...(await snapshotsOf(database, drop.id))] }
      },
    )
    await app.register(uploadRoute(parts))
  }
}

/** The one route whose body is a stream of bytes: it has parsers of its own. */
function uploadRoute({ database, objects, clock, onUpload }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, payload, parsed) => {
      parsed(null, payload)
    })
    app.post(
      '/models/:model/drops',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'uploadDrop',
          tags,
          summary: 'Send a drop',
          description: 'The body is the file itself, of any size. The same bytes under the same name are recorded once.',
          consumes: ['application/octet-stream'],
          params: ModelName,
          querystring: Type.Object({ name: Type.String({ description: 'Plain file name, e.g. 2026-week-05.csv' }) }, closed),
          response: { 200: DropRecorded, 201: DropRecorded },
        },
      },
      async (request, reply) => {
        const { model } = request.params
        const key = checkedName(request.query.name)
        // Before the body: an unknown model need not be sent a gigabyte.
        await getModel(database, model)
        const content = streamOf(request.body)
        let complete = false
        content.once('end', () => {
          complete = true
        })
        try {
          const arrival = { model, source: UPLOAD_SOURCE, key, sourceVersion: undefined, actor: request.actor }
          const { drop, isNew } = await recordDrop(database, objects, clock, arrival, content)
          onUpload()
          return await reply.status(isNew ? 201 : 200).send({ drop: dropSummary(drop), isNew })
        } catch (error) {
          if (!complete && content.readableAborted) throw refitError('upload-incomplete', { name: key }, { cause: error })
          throw error
        }
      },
    )
    done()
  }
}

const LONGEST_NAME_BYTES = 255

/** The name under which an upload is recorded: a plain file name, whatever was written in the address. */
function checkedName(name: string): string {
  const refuse = (reason: string): never => {
    throw refitError('upload-name-invalid', { name: name.slice(0, 80), reason })
  }
  if (name === '') refuse('it is empty.')
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) refuse(`it is longer than ${LONGEST_NAME_BYTES} bytes.`)
  if (/[/\\]/.test(name)) refuse('it holds a slash.')
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(name)) refuse('it holds a control character.')
  if (name.startsWith('.')) refuse('it begins with a dot.')
  if (name !== name.trim()) refuse('it begins or ends with a space.')
  return name.normalize('NFC')
}

function streamOf(body: unknown): Readable {
  if (isReadable(body)) return body
  throw refitError('request-invalid', { reason: 'the body is empty' })
}

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body && 'readableAborted' in body
}

function dropSummary(drop: Drop): DropSummary {
  const { part, reason } = drop
  return {
    id: drop.id,
    model: drop.model,
    source: drop.source,
    key: drop.key,
    sha256: drop.sha256,
    bytes: drop.bytes,
    state: drop.state,
    recordedAt: instant(drop.recordedAt),
    changedAt: instant(drop.changedAt),
    ...(reason.summary === undefined ? {} : { reason: reason.summary }),
    ...(reason.faults === undefined ? {} : { faults: reason.faults }),
    ...(part === undefined ? {} : { rows: part.rows }),
    ...(part?.oldest === undefined ? {} : { oldest: part.oldest }),
    ...(part?.newest === undefined ? {} : { newest: part.newest }),
    ...(drop.supersededBy === undefined ? {} : { supersededBy: drop.supersededBy }),
    ...(drop.run === undefined ? {} : { run: drop.run }),
  }
}
