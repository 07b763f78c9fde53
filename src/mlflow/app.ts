import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { artifactRoutes, fileRoutes, runArtifactRoutes } from './artifacts.js'
import { experimentRoutes } from './experiments.js'
import { answerMlflowFailure, answerUnknownRoute } from './failures.js'
import { importRoutes } from './imports.js'
import { loggedModelFileRoutes, loggedModelRoutes } from './logged-models.js'
import { metricRoutes } from './metrics.js'
import type { MlflowParts } from './parts.js'
import { takeJson } from './json-body.js'
import { pageRoutes } from './page.js'
import { modelVersionRoutes, registeredModelRoutes, versionFileRoutes } from './registry.js'
import { runRoutes } from './runs.js'
import { serverRoutes, serverInfoRoutes } from './server.js'
import { findTraining } from './training-rules.js'

/** Routes of MLflow's API that need no role: they tell nothing about what is stored. */
export const mlflowOpenRoutes: ReadonlySet<string> = new Set(['/health', '/version', '/'])

/**
 * MLflow's REST API, wire only. Everything lies below /api/2.0 and, as MLflow's pages ask for it, below /ajax-api/2.0; what is
 * not offered answers 404 or 501 in MLflow's form.
 */
export function mlflowRoutes(parts: MlflowParts): FastifyPluginCallback {
  return (app, _options, done) => {
    app.setErrorHandler(answerMlflowFailure)
    takeJson(app)
    app.decorateRequest('training')
    app.addHook('preHandler', async (request) => findTraining(request, parts))
    serverRoutes(app)
    pageRoutes(app, parts)
    for (const files of [fileRoutes, loggedModelFileRoutes, versionFileRoutes]) void app.register(files(parts))
    for (const base of ['/api', '/ajax-api']) {
      void app.register(below(parts, experimentRoutes, runRoutes, metricRoutes, runArtifactRoutes, loggedModelRoutes, registeredModelRoutes, modelVersionRoutes, importRoutes), { prefix: `${base}/2.0` })
      void app.register(below(parts, serverInfoRoutes), { prefix: `${base}/3.0` })
    }
    done()
  }
}

type Routes = (app: FastifyInstance, parts: MlflowParts) => void

function below(parts: MlflowParts, ...routes: readonly Routes[]): FastifyPluginCallback {
  return (app, _options, done) => {
    // With it unknown routes below have a context of their own, and fail in the form of MLflow, also where a hook refuses them.
    app.setNotFoundHandler(answerUnknownRoute)
    void app.register((inner, _innerOptions, innerDone) => {
      for (const add of routes) add(inner, parts)
      innerDone()
    }, { prefix: '/mlflow' })
    if (app.prefix.endsWith('/2.0')) void app.register(artifactRoutes(parts), { prefix: '/mlflow-artifacts' })
    done()
  }
}
