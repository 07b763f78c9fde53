import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '../database/schema.js'
import { getChampion, latestMoves, rollback, type ChampionMove } from '../registry/champion.js'
import { getModel } from '../registry/models.js'
import { forcePromotion, requestPromotion } from '../registry/promotion.js'
import { getVersion, listVersions, type Version } from '../registry/version.js'
import type { ApiParts } from './parts.js'
import { intoServiceAnswer } from './into-service.js'
import { checkedByProxy } from './proxy.js'
import { headline, runSummary } from './run-answers.js'
import { Moved, PutIntoService } from './wire/model.js'
import { RunRequested } from './wire/run.js'
import { instant } from './wire/time.js'
import { VersionDetail, VersionList, type VersionSummary } from './wire/version.js'

const closed = { additionalProperties: false }
const PAGE = 50
const tags = ['versions']
const VersionOfModel = Type.Object({ model: Type.String(), version: Type.Integer({ minimum: 1 }) })
const Reason = Type.Optional(Type.String({ maxLength: 2000, description: 'Kept in the event log' }))

/** Versions: look at them, promote one by hand, go back. */
export function versionRoutes({ database, clock }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/models/:model/versions',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listVersions',
          tags,
          summary: 'Versions of a model, the newest first',
          params: Type.Object({ model: Type.String() }),
          querystring: Type.Object(
            {
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: PAGE })),
              before: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of the last version of the page before' })),
            },
            closed,
          ),
          response: { 200: VersionList },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const champion = await getChampion(database, params.model)
        const limit = query.limit ?? PAGE
        const versions = await listVersions(database, params.model, limit, query.before)
        const last = versions.at(-1)
        const older = last === undefined || versions.length < limit ? {} : { before: last.number }
        const moves = await latestMoves(database, params.model, versions.map(({ number }) => number))
        return { versions: versions.map((version) => versionSummary(version, champion?.version, moves.get(version.number))), ...older }
      },
    )

    app.get(
      '/models/:model/versions/:version',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getVersion',
          tags,
          summary: 'One version with its signature, verdict and lineage',
          params: VersionOfModel,
          response: { 200: VersionDetail },
        },
      },
      ({ params }) => versionDetail(database, params.model, params.version),
    )

    app.post(
      '/models/:model/versions/:version/promote',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'promoteVersion',
          tags,
          summary: 'Ask for a run that checks a version on the data of today, and makes it champion if it passes',
          description: 'Only a passing verdict or an approval of former times allows it. Forced, with a reason, the version comes into service whatever its verdict says: by a rollout where the model has one, unless it is to be champion at once.',
          params: VersionOfModel,
          body: Type.Object({ force: Type.Optional(Type.Boolean()), atOnce: Type.Optional(Type.Boolean({ description: 'Forced: without its rollout' })), reason: Reason }, closed),
          response: { 200: PutIntoService, 202: RunRequested },
        },
      },
      async ({ params, body, actor }, reply) => {
        const request = { ...params, actor, reason: body.reason }
        if (body.force === true) {
          const into = await forcePromotion(database, clock, { ...request, atOnce: body.atOnce ?? false })
          return reply.status(200).send(intoServiceAnswer(into, clock.now()))
        }
        return reply.status(202).send({ run: runSummary(await requestPromotion(database, clock, request)), coalesced: false })
      },
    )

    app.post(
      '/models/:model/rollback',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'rollbackModel',
          tags,
          summary: 'Go back to the version that served before',
          description: 'While a version is rolled out and none is named, from that one: its rollout is aborted, and the champion stays.',
          params: Type.Object({ model: Type.String() }),
          body: Type.Object({ to: Type.Optional(Type.Integer({ minimum: 1, description: 'A version that has served before' })), reason: Reason }, closed),
          response: { 200: Moved },
        },
      },
      async ({ params, body, actor }) => {
        await getModel(database, params.model)
        const champion = await rollback(database, clock, { model: params.model, to: body.to, reason: body.reason, actor })
        return { ...champion, since: instant(champion.since) }
      },
    )
    done()
  }
}

/** A version as it is told whole. @throws RefitError `not-found` */
export async function versionDetail(database: Database, model: string, number: number): Promise<VersionDetail> {
  const version = await getVersion(database, model, number)
  const champion = await getChampion(database, model)
  return {
    ...versionSummary(version, champion?.version, (await latestMoves(database, model, [number])).get(number)),
    signature: version.signature,
    lineage: version.lineage,
    ...(version.verdict === undefined ? {} : { verdict: version.verdict }),
  }
}

function versionSummary(version: Version, champion: number | undefined, move: ChampionMove | undefined): VersionSummary {
  return {
    model: version.model,
    number: version.number,
    digest: version.digest,
    format: version.format,
    state: version.state,
    serves: version.number === champion,
    createdAt: instant(version.createdAt),
    ...(version.run === undefined ? {} : { run: version.run }),
    ...(move === undefined ? {} : { served: { cause: move.cause, actor: move.actor, at: instant(move.at), ...(move.reason === undefined ? {} : { reason: move.reason }) } }),
    ...(version.lineage.origin === undefined ? {} : { origin: version.lineage.origin }),
    ...(version.verdict === undefined ? {} : { headline: headline(version.verdict) }),
    ...checkedByProxy(version.lineage),
  }
}
