import type { FastifyBaseLogger, FastifyInstance, FastifyPluginCallback } from 'fastify'
import { isOutage } from '../database/outage.js'
import { refitError } from '../errors.js'
import { createServer, type DeclaredRoute, type ServerAccess } from '../http/server.js'
import { adoptionRoutes } from './adoption.js'
import { announcementRoutes } from './announcements.js'
import { batchRoutes } from './batch.js'
import { clientRoutes } from './clients.js'
import { contractRoutes } from './contracts.js'
import { definitionRoutes } from './definitions.js'
import { dropRoutes } from './drops.js'
import { eventRoutes } from './events.js'
import { explanationRoutes } from './explanations.js'
import { healthRoutes } from './health.js'
import { logRoutes } from './logs.js'
import { modelRoutes } from './models.js'
import { notificationRoutes } from './notifications.js'
import { describeApi, openRoutes } from './open-api.js'
import type { ApiParts } from './parts.js'
import { predictionRoutes } from './predictions.js'
import { projectRoutes } from './project.js'
import { reportRoutes } from './reports.js'
import { retirementRoutes } from './retirement.js'
import { rolloutRoutes } from './rollouts.js'
import { runRoutes } from './runs.js'
import { snapshotRoutes } from './snapshots.js'
import { versionRoutes } from './versions.js'

const SMALL_BODY_BYTES = 1024 * 1024

/** Another API on the same server: under the same roles, hosts and limits, with a form of its own. */
export interface ApiBeside {
  readonly openRoutes: ReadonlySet<string>
  /** As a server tells it who asks for something else. */
  readonly offered: string
  readonly routes: FastifyPluginCallback
}

/**
 * The control API below /api/v1. Every route declares a role or is on the list of open ones, checked here at start.
 * @throws Error when a route does not
 * @throws RefitError `tokens-required`
 */
export async function createApi(parts: ApiParts, access: ServerAccess, log: FastifyBaseLogger, beside?: ApiBeside): Promise<{ readonly app: FastifyInstance; readonly routes: readonly DeclaredRoute[] }> {
  const translate = (error: unknown): unknown => (isOutage(error) ? refitError('database-away', {}, { cause: error }) : error)
  const offered = `the control API, described at /api/v1/openapi.json${beside === undefined ? '' : `; ${beside.offered}`}`
  const { app, routes } = createServer({ access, log, openRoutes: new Set([...openRoutes, ...(beside?.openRoutes ?? [])]), offered, bodyLimit: SMALL_BODY_BYTES, hasStreams: true, translate })
  app.addHook('preValidation', async (request) => {
    // `curl -X POST` without a body means what an empty object does.
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) request.body = {}
  })
  await describeApi(app, parts.project.refit)
  for (const resource of [healthRoutes, projectRoutes(parts), modelRoutes(parts), definitionRoutes(parts), retirementRoutes(parts), dropRoutes(parts), contractRoutes(parts), announcementRoutes(parts), snapshotRoutes(parts), runRoutes(parts), reportRoutes(parts), logRoutes(parts), versionRoutes(parts), rolloutRoutes(parts), predictionRoutes(parts), batchRoutes(parts), clientRoutes(parts), explanationRoutes(parts), adoptionRoutes(parts), notificationRoutes(parts), eventRoutes(parts)]) {
    await app.register(resource, { prefix: '/api/v1' })
  }
  if (beside !== undefined) await app.register(beside.routes)
  return { app, routes }
}
