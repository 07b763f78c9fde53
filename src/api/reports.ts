import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { reportPage, reportPolicy } from '../report/page.js'
import type { FormerVerdict } from '../report/history.js'
import { getRun, judgedRuns } from '../runs/queries.js'
import type { Run } from '../runs/run.js'
import type { ApiParts } from './parts.js'
import { headline, verdictOf } from './run-answers.js'
import { instant } from './wire/time.js'

const VERDICTS = 20

/** A run's verdict in words and pictures. */
export function reportRoutes({ database }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/runs/:id/report',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getRunReport',
          tags: ['runs'],
          summary: 'The verdict of a run in words and pictures, as one HTML page that loads nothing and runs nothing',
          produces: ['text/html'],
          params: Type.Object({ id: Type.String({ description: 'Id of a run, e.g. house-price-12' }) }),
        },
      },
      async ({ params }, reply) => {
        const run = await getRun(database, params.id)
        const former = await judgedRuns(database, run.model, run.number, VERDICTS)
        const page = reportPage({
          id: run.id,
          model: run.model,
          outcome: outcomeOf(run),
          explanation: run.explanation ?? '',
          endedAt: instant(run.endedAt),
          verdict: verdictOf(run),
          history: former.toReversed().flatMap(formerVerdict),
        })
        return reply.header('Content-Security-Policy', reportPolicy).header('Referrer-Policy', 'no-referrer').type('text/html; charset=utf-8').send(page)
      },
    )
    done()
  }
}

function outcomeOf({ outcome, state }: Run): string {
  return outcome ?? (state === 'active' ? 'running' : 'waiting')
}

function formerVerdict(run: Run): readonly FormerVerdict[] {
  const verdict = verdictOf(run)
  if (verdict === undefined) return []
  const { metric, candidate, champion } = headline(verdict)
  return [{ run: run.id, number: run.number, outcome: outcomeOf(run), metric, candidate, champion }]
}
