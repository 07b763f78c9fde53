import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { sampleSnapshot } from '../data/sample-snapshot.js'
import { dropKeys } from '../drops/queries.js'
import { findSnapshot, listSnapshots, type KeptSnapshot } from '../drops/snapshots.js'
import { getModel } from '../registry/models.js'
import { movedColumns } from './moved-columns.js'
import type { ApiParts } from './parts.js'
import { SnapshotDetail, SnapshotList, SnapshotSample, type SnapshotSummary } from './wire/snapshot.js'
import { instant } from './wire/time.js'

const closed = { additionalProperties: false }
const PAGE = 20
const tags = ['snapshots']
const SnapshotOfModel = Type.Object({ model: Type.String(), digest: Type.String({ pattern: '^(newest|[0-9a-f]{6,64})$', description: 'Digest or its beginning; `newest` for the newest one' }) })

/** Snapshots: the data that runs train and test on. */
export function snapshotRoutes({ database, objects }: ApiParts): FastifyPluginCallbackTypebox {
  /** One after the other: each takes a process and its memory. */
  let sampling: Promise<unknown> = Promise.resolve()
  return (app, _options, done) => {
    app.get(
      '/models/:model/snapshots',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listSnapshots',
          tags,
          summary: 'Snapshots of a model, the newest first',
          params: Type.Object({ model: Type.String() }),
          querystring: Type.Object(
            {
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: PAGE })),
              before: Type.Optional(Type.String({ description: 'Digest of the last snapshot of the page before' })),
            },
            closed,
          ),
          response: { 200: SnapshotList },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const limit = query.limit ?? PAGE
        const snapshots = (await listSnapshots(database, params.model, limit, query.before)).map(summaryOf)
        const last = snapshots.at(-1)
        return { snapshots, ...(last === undefined || snapshots.length < limit ? {} : { before: last.digest }) }
      },
    )

    app.get(
      '/models/:model/snapshots/:digest',
      {
        config: { role: 'viewer' },
        schema: { operationId: 'getSnapshot', tags, summary: 'One snapshot: its drops, what its rows look like, what has moved', params: SnapshotOfModel, response: { 200: SnapshotDetail } },
      },
      async ({ params }) => {
        await getModel(database, params.model)
        const kept = await findSnapshot(database, params.model, params.digest)
        const keys = await dropKeys(database, kept.snapshot.parts.map(({ drop }) => drop))
        return {
          ...summaryOf(kept),
          parts: kept.snapshot.parts.map(({ drop, rows, oldest, newest }) => ({
            drop,
            key: keys.get(drop) ?? '',
            rows,
            ...(oldest === undefined ? {} : { oldest }),
            ...(newest === undefined ? {} : { newest }),
          })),
          ...(kept.profile === undefined ? {} : { profile: kept.profile }),
          moved: kept.profile === undefined ? [] : [...movedColumns(kept.profile)],
        }
      },
    )

    app.get(
      '/models/:model/snapshots/:digest/sample',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'sampleSnapshot',
          tags,
          summary: 'Some rows of a snapshot, always the same ones',
          params: SnapshotOfModel,
          querystring: Type.Object({ rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: PAGE })) }, closed),
          response: { 200: SnapshotSample },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const { snapshot } = await findSnapshot(database, params.model, params.digest)
        const read = async (): ReturnType<typeof sampleSnapshot> => {
          const parts = await Promise.all(snapshot.parts.map(async (part) => ({ ...part, path: await objects.localPath(part.object) })))
          return sampleSnapshot(snapshot, parts, query.rows ?? PAGE, new AbortController().signal)
        }
        const mine = sampling.then(read, read)
        sampling = mine
        return { digest: snapshot.digest, rows: [...(await mine)] }
      },
    )
    done()
  }
}

function summaryOf({ snapshot, createdAt }: KeptSnapshot): SnapshotSummary {
  const times = (which: 'oldest' | 'newest'): readonly string[] => snapshot.parts.flatMap((part) => part[which] ?? []).toSorted()
  const [oldest, newest] = [times('oldest')[0], times('newest').at(-1)]
  return {
    digest: snapshot.digest,
    createdAt: instant(createdAt),
    rows: snapshot.parts.reduce((sum, { rows }) => sum + rows, 0),
    drops: snapshot.parts.length,
    window: snapshot.window,
    ...(oldest === undefined ? {} : { oldest }),
    ...(newest === undefined ? {} : { newest }),
  }
}
