import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { findSnapshot } from '../drops/snapshots.js'
import { getModel } from '../registry/models.js'
import { approve, decline } from '../registry/approval.js'
import { getRun, listRuns, stagesOf } from '../runs/queries.js'
import { requestCancel, requestRun } from '../runs/requests.js'
import { trainingRunsOf } from '../tracking/training-runs.js'
import type { ApiParts } from './parts.js'
import { intoServiceAnswer } from './into-service.js'
import { runDetail, runSummary } from './run-answers.js'
import { PutIntoService } from './wire/model.js'
import { RunDetail, RunList, RunRequested, RunSummary } from './wire/run.js'

const closed = { additionalProperties: false }
const PAGE = 20
const tags = ['runs']
const RunId = Type.Object({ id: Type.String({ description: 'Id of a run, e.g. house-price-12' }) })
const Reason = Type.Object({ reason: Type.Optional(Type.String({ maxLength: 2000, description: 'Kept in the event log' })) }, closed)

/** Runs: ask for one, look at them, cancel, approve or decline. */
export function runRoutes({ database, clock }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      '/models/:model/runs',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'requestRun',
          tags,
          summary: 'Ask for a run',
          description: 'At most one run of a model waits: a further request falls into it.',
          params: Type.Object({ model: Type.String() }),
          body: Type.Object(
            {
              force: Type.Optional(Type.Boolean({ description: 'Run even if nothing has changed since the last verdict' })),
              reason: Type.Optional(Type.String({ maxLength: 2000 })),
            },
            closed,
          ),
          response: { 202: RunRequested },
        },
      },
      async (request, reply) => {
        const { force = false, reason } = request.body
        const cause = { trigger: 'manual' as const, actor: request.actor, ...(reason === undefined ? {} : { detail: reason }) }
        const { run, coalesced } = await requestRun(database, clock, { model: request.params.model, cause, force })
        return reply.status(202).send({ run: runSummary(run), coalesced })
      },
    )

    app.get(
      '/runs',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listRuns',
          tags,
          summary: 'Runs, the newest first',
          querystring: Type.Object(
            {
              model: Type.Optional(Type.String()),
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: PAGE })),
              before: Type.Optional(Type.String({ description: 'Id of the last run of the page before' })),
            },
            closed,
          ),
          response: { 200: RunList },
        },
      },
      async ({ query }) => {
        if (query.model !== undefined) await getModel(database, query.model)
        const limit = query.limit ?? PAGE
        const runs = await listRuns(database, { ...query, limit })
        const last = runs.at(-1)
        return { runs: runs.map(runSummary), ...(last === undefined || runs.length < limit ? {} : { before: last.id }) }
      },
    )

    app.get(
      '/runs/:id',
      {
        config: { role: 'viewer' },
        schema: { operationId: 'getRun', tags, summary: 'One run: stages, drops, verdict, what to do next', params: RunId, response: { 200: RunDetail } },
      },
      async ({ params }) => {
        const run = await getRun(database, params.id)
        const { stages, attempts } = await stagesOf(database, run.id)
        const kept = run.snapshot === undefined ? undefined : await findSnapshot(database, run.model, run.snapshot)
        return runDetail(run, stages, attempts, await trainingRunsOf(database, run.id), kept?.profile)
      },
    )

    app.post(
      '/runs/:id/cancel',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'cancelRun',
          tags,
          summary: 'Ask to end a run',
          description: 'A waiting run ends at once, an active one as soon as its worker hears of it.',
          params: RunId,
          response: { 202: RunSummary },
        },
      },
      async (request, reply) => reply.status(202).send(runSummary(await requestCancel(database, clock, request.params.id, request.actor))),
    )

    app.post(
      '/runs/:id/approve',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'approveRun',
          tags,
          summary: 'Put the version that a run left waiting into service',
          description: 'Refused where another version has become champion since the check, or a drop that it was checked on has been withdrawn, unless it is said anyway.',
          params: RunId,
          body: Type.Object({ ...Reason.properties, anyway: Type.Optional(Type.Boolean()) }, closed),
          response: { 200: PutIntoService },
        },
      },
      async ({ params, body, actor }) => {
        return intoServiceAnswer(await approve(database, clock, { run: params.id, actor, reason: body.reason, anyway: body.anyway ?? false }), clock.now())
      },
    )

    app.post(
      '/runs/:id/decline',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'declineRun',
          tags,
          summary: 'Keep the champion instead of the version that a run left waiting',
          params: RunId,
          body: Reason,
          response: { 200: RunSummary },
        },
      },
      async ({ params, body, actor }) => {
        await decline(database, clock, { run: params.id, actor, reason: body.reason })
        return runSummary(await getRun(database, params.id))
      },
    )
    done()
  }
}
