import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { decideByHand } from '../drops/decide.js'
import { getDrop, listDrops, snapshotCounts, snapshotsOf } from '../drops/queries.js'
import { getModel } from '../registry/models.js'
import { eventsOfDrop } from '../runs/event.js'
import { dropSummary, withdrawalAnswer } from './drop-answers.js'
import { dropSteps } from './drop-steps.js'
import { describeEvent } from './event-text.js'
import type { ApiParts } from './parts.js'
import { uploadRoute } from './upload.js'
import { DecisionBody, DropDetail, DropList, DropState, DropsDecided } from './wire/drop.js'

const closed = { additionalProperties: false }
const PAGE = 50
const tags = ['drops']

/** Drops: send one, look at what has become of them, decide about them. */
export function dropRoutes(parts: ApiParts): FastifyPluginAsyncTypebox {
  const { database, clock } = parts
  return async (app) => {
    app.get(
      '/models/:model/drops',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listDrops',
          tags,
          summary: 'Drops of a model, the newest first',
          params: Type.Object({ model: Type.String() }),
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
        const counts = await snapshotCounts(database, drops.map(({ id }) => id))
        const summaries = drops.map((drop) => dropSummary(drop, counts.get(drop.id) ?? 0))
        return { drops: summaries, ...(last === undefined || drops.length < limit ? {} : { before: last.id }) }
      },
    )

    app.get(
      '/drops/:id',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getDrop',
          tags,
          summary: 'One drop with the snapshots that it is part of and all that happened to it',
          params: Type.Object({ id: Type.String({ description: 'Id of a drop, e.g. house-price-d7' }) }),
          response: { 200: DropDetail },
        },
      },
      async ({ params }) => {
        const drop = await getDrop(database, params.id)
        const snapshots = [...(await snapshotsOf(database, drop.id))]
        const history = (await eventsOfDrop(database, drop.id)).map((event) => ({ ...event, text: describeEvent(event) }))
        return { ...dropSummary(drop, snapshots.length), snapshots, history, nextSteps: [...dropSteps(drop)] }
      },
    )

    app.post(
      '/drops/decide',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'decideDrops',
          tags,
          summary: 'Release, discard, withdraw or restore drops',
          description:
            'About all of the named drops, which are of one model, or, where it is refused for one, about none. ' +
            'A withdrawal answers with what was made from them; with `repair` the champion goes back to a version that saw none of them, and a run without them starts.',
          body: DecisionBody,
          response: { 200: DropsDecided },
        },
      },
      async ({ body, actor }) => {
        const { drops, returned, withdrawal } = await decideByHand(database, clock, { ...body, repair: body.repair ?? false, actor })
        // What is recorded again waits for a run.
        parts.onUpload()
        return {
          drops: drops.map((drop) => dropSummary(drop)),
          returned: returned.map((drop) => dropSummary(drop)),
          ...(withdrawal === undefined ? {} : { withdrawal: withdrawalAnswer(withdrawal) }),
        }
      },
    )
    await app.register(uploadRoute(parts))
  }
}
