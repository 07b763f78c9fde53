import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { stepWords } from '../define/definition-words.js'
import { stepsOf } from '../define/stored-deployment.js'
import { getModel } from '../registry/models.js'
import { getRollout, listRollouts, presentStep, stepElapsed, type Rollout } from '../registry/rollout.js'
import { endRollout, figuresOf, pauseRollout, resumeRollout } from '../registry/rollout-steps.js'
import { decide } from '../rollouts/decide.js'
import { noFigures } from '../rollouts/figures.js'
import type { ApiParts } from './parts.js'
import { RolloutDetail, RolloutList, RolloutSummary } from './wire/rollout.js'
import { instant } from './wire/time.js'

const closed = { additionalProperties: false }
const PAGE = 20
const tags = ['rollouts']
const ModelName = Type.Object({ model: Type.String() })
const Reason = Type.Object({ reason: Type.String({ minLength: 1, maxLength: 2000, description: 'Kept in the event log' }) }, closed)

const orders = [
  { order: 'pause', obey: pauseRollout, summary: 'Leave the share of the traffic as it is', description: 'What is proven to do harm is rolled back all the same.' },
  { order: 'resume', obey: resumeRollout, summary: 'Let a paused rollout go on', description: 'The time of its step goes on where it was.' },
  { order: 'abort', obey: endRollout, summary: 'End the rollout that is on', description: 'The champion has all traffic again.' },
] as const

/** Rollouts: look at them, pause, resume, abort. */
export function rolloutRoutes({ database, clock }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/models/:model/rollouts',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listRollouts',
          tags,
          summary: 'Rollouts of a model, the newest first',
          params: ModelName,
          querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: PAGE })), before: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of the last rollout of the page before' })) }, closed),
          response: { 200: RolloutList },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const limit = query.limit ?? PAGE
        const rollouts = await listRollouts(database, params.model, limit, query.before)
        const last = rollouts.at(-1)
        return { rollouts: rollouts.map((rollout) => rolloutSummary(rollout, clock.now())), ...(last === undefined || rollouts.length < limit ? {} : { before: last.number }) }
      },
    )

    app.get(
      '/models/:model/rollouts/:number',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getRollout',
          tags,
          summary: 'One rollout, with what serving has seen of each of its steps',
          params: Type.Object({ ...ModelName.properties, number: Type.Integer({ minimum: 1 }) }),
          response: { 200: RolloutDetail },
        },
      },
      async ({ params }) => {
        const rollout = await getRollout(database, params.model, params.number)
        const seen = await figuresOf(database, rollout.id)
        const { deployment } = rollout
        return {
          ...rolloutSummary(rollout, clock.now()),
          figures: stepsOf(deployment)
            .slice(0, rollout.step + 1)
            .map((step, index) => {
              const figures = seen.get(index) ?? noFigures()
              // As it would be decided at the step's end.
              const { comparisons } = decide({ deployment, step, figures, elapsed: step.milliseconds })
              return {
                step: index + 1,
                text: stepWords(step),
                requests: { champion: figures.champion.requests, challenger: figures.challenger.requests },
                dropped: figures.dropped,
                comparisons: [...comparisons],
                ...(figures.failed === undefined ? {} : { failed: figures.failed }),
              }
            }),
        }
      },
    )

    for (const { order, obey, summary, description } of orders) {
      app.post(
        `/models/:model/rollout/${order}`,
        { config: { role: 'operator' }, schema: { operationId: `${order}Rollout`, tags, summary, description, params: ModelName, body: Reason, response: { 200: RolloutSummary } } },
        async ({ params, body, actor }) => {
          await getModel(database, params.model)
          return rolloutSummary(await obey(database, clock, { model: params.model, actor, reason: body.reason }), clock.now())
        },
      )
    }
    done()
  }
}

/** A rollout as it is told. */
export function rolloutSummary(rollout: Rollout, now: Date): RolloutSummary {
  const { id, model, number, version, champion, state, deployment, step, waits, actor, reason, run, explanation, startedAt, endedAt } = rollout
  return {
    id,
    model,
    number,
    version,
    champion,
    state,
    step: step + 1,
    steps: stepsOf(deployment).map(stepWords),
    elapsed: Math.round(stepElapsed(rollout, now)),
    lasts: presentStep(rollout).milliseconds,
    waits,
    actor,
    ...(reason === undefined ? {} : { reason }),
    ...(run === undefined ? {} : { run }),
    ...(explanation === undefined ? {} : { explanation }),
    startedAt: instant(startedAt),
    ...(endedAt === undefined ? {} : { endedAt: instant(endedAt) }),
  }
}
