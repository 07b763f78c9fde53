import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { quarantinedDropCount, waitingDropCount } from '../drops/queries.js'
import { championMoves, getChampion, type ChampionMove as Move } from '../registry/champion.js'
import { differenceOf } from '../registry/definitions.js'
import { getModel, listModels, type RegisteredModel } from '../registry/models.js'
import { openRollout } from '../registry/rollout.js'
import { getVersion, type Version } from '../registry/version.js'
import { withdrawnAmong } from '../registry/withdrawn-data.js'
import { presentRuns } from '../runs/queries.js'
import type { Run } from '../runs/run.js'
import type { ApiParts } from './parts.js'
import { checkedByProxy } from './proxy.js'
import { metricFigure, metricLabel, ruleLabel } from '../evaluation/rule-label.js'
import { rolloutSummary } from './rollouts.js'
import { runSummary } from './run-answers.js'
import { ChampionMoves, ModelDetail, ModelList, type ChampionMove, type ChampionSummary, type ModelSummary } from './wire/model.js'
import { instant } from './wire/time.js'

const PAGE = 50
const tags = ['models']
const ModelName = Type.Object({ model: Type.String({ description: 'Name of a model of the project' }) })

/** Models: what serves, what runs, what waits. */
export function modelRoutes({ database, clock, project, sourceFailure }: ApiParts): FastifyPluginCallbackTypebox {
  const summary = async (model: RegisteredModel): Promise<{ summary: ModelSummary; champion: Version | undefined }> => {
    const pointer = await getChampion(database, model.name)
    const champion = pointer === undefined ? undefined : await getVersion(database, model.name, pointer.version)
    const { active, waiting, lastEnded } = await presentRuns(database, model.name)
    const rollout = await openRollout(database, model.name)
    const servingUrl = project.servingUrl()
    const failure = sourceFailure(model.name)
    return {
      champion,
      summary: {
        name: model.name,
        task: model.definition.task,
        target: targetOf(model),
        waitingDrops: await waitingDropCount(database, model.name),
        quarantinedDrops: await quarantinedDropCount(database, model.name),
        ...(servingUrl === undefined ? {} : { endpoint: `${servingUrl}/models/${model.name}/predict` }),
        ...(pointer === undefined || champion === undefined ? {} : { champion: championSummary(pointer, champion, await withdrawnAmong(database, champion.lineage.drops)) }),
        ...(rollout === undefined ? {} : { rollout: rolloutSummary(rollout, clock.now()) }),
        ...(active === undefined ? {} : { active: runSummary(active) }),
        ...(waiting === undefined ? {} : { waiting: runSummary(waiting) }),
        ...(lastEnded === undefined ? {} : { lastEnded: runSummary(lastEnded) }),
        ...(failure === undefined ? {} : { sourceFailure: failure }),
        ...(model.retired === undefined ? {} : { retired: { ...model.retired, at: instant(model.retired.at) } }),
        ...(await changedSince(database, model, [active, lastEnded])),
      },
    }
  }

  return (app, _options, done) => {
    app.get(
      '/models',
      { config: { role: 'viewer' }, schema: { operationId: 'listModels', tags, summary: 'The models of the project', response: { 200: ModelList } } },
      async () => {
        const models = await listModels(database)
        return { models: await Promise.all(models.map(async (model) => (await summary(model)).summary)) }
      },
    )

    app.get(
      '/models/:model',
      {
        config: { role: 'viewer' },
        schema: { operationId: 'getModel', tags, summary: 'One model with its definition and signature', params: ModelName, response: { 200: ModelDetail } },
      },
      async ({ params }) => {
        const model = await getModel(database, params.model)
        const { summary: told, champion } = await summary(model)
        return { ...told, definition: model.definition, ...(champion === undefined ? {} : { signature: champion.signature }) }
      },
    )

    app.get(
      '/models/:model/champion-moves',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listChampionMoves',
          tags,
          summary: 'How the champion pointer moved, the newest first',
          params: ModelName,
          querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: PAGE })) }, { additionalProperties: false }),
          response: { 200: ChampionMoves },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const moves = await championMoves(database, params.model, query.limit ?? PAGE)
        return {
          moves: moves.map(championMove),
        }
      },
    )
    done()
  }
}

/** A move of the champion pointer, as it is told. */
export function championMove({ previous, reason, run, at, ...move }: Move): ChampionMove {
  return {
    ...move,
    at: instant(at),
    ...(previous === undefined ? {} : { previous }),
    ...(reason === undefined ? {} : { reason }),
    ...(run === undefined ? {} : { run }),
  }
}

/** How the definition differs from that of the newest run that has started. */
async function changedSince(database: ApiParts['database'], model: RegisteredModel, runs: readonly (Run | undefined)[]): Promise<Pick<ModelSummary, 'changed'>> {
  const last = runs.find((run) => run?.definition !== undefined)
  if (last?.definition === undefined) return {}
  const difference = await differenceOf(database, last.definition, model.definition, ruleLabel)
  return difference.changes.length === 0 ? {} : { changed: { since: last.id, ...difference } }
}

function championSummary(pointer: { version: number; generation: number; since: Date }, version: Version, withdrawn: readonly string[]): ChampionSummary {
  const name = version.verdict?.primaryMetric
  const estimate = name === undefined ? undefined : version.verdict?.candidate[name]
  return {
    version: pointer.version,
    generation: pointer.generation,
    since: instant(pointer.since),
    digest: version.digest,
    ...checkedByProxy(version.lineage),
    ...(withdrawn.length === 0 ? {} : { withdrawnDrops: [...withdrawn] }),
    ...(name === undefined || estimate === undefined ? {} : { metric: { name, ...estimate, text: `${metricLabel(name)} ${metricFigure(name, estimate.value)}` } }),
  }
}

function targetOf(model: RegisteredModel): string {
  return Object.entries(model.definition.columns).find(([, column]) => column.role === 'target')?.[0] ?? ''
}
