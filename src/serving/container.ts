import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createServer } from '../http/server.js'
import type { Traces } from '../telemetry/traces.js'
import { createAsk } from './ask.js'
import { countAnswers } from './count-answers.js'
import { patience, refuseEarly } from './limits.js'
import type { LiveSet } from './live-set.js'
import type { ServingMetrics } from './metrics.js'
import { sagemakerContainer, sagemakerContainerRoutes } from './protocols/sagemaker-container.js'
import { vertexContainer, vertexRoutes } from './protocols/vertex-container.js'
import { traceAnswers } from './trace-answers.js'

/** The serving platform that a container runs on, with what it says in its environment. */
export type Platform =
  | { readonly kind: 'sagemaker'; readonly accept?: string | undefined }
  | { readonly kind: 'vertex'; readonly health?: string | undefined; readonly predict?: string | undefined }

export interface ContainerParts {
  readonly platform: Platform
  /** The model that answers, by its name in the live set. */
  readonly model: string
  readonly live: LiveSet
  readonly metrics: ServingMetrics
  /** Where requests are traced. */
  readonly traces?: Traces | undefined
  readonly isReady: () => boolean
  readonly log: FastifyBaseLogger
}

/** What SageMaker sends at most. */
const LARGEST_BODY_BYTES = 25 * 1024 * 1024

/**
 * The server within a container of a serving platform: predictions by one model, and whether it is well, and nothing
 * else. It takes no tokens and any host: the platform stands around it and looks at who calls.
 */
export function createContainerApp({ platform, model, live, metrics, traces, isReady, log }: ContainerParts): FastifyInstance {
  const { routes, protocol } = contractOf(platform, model, { live, ask: createAsk(live, live, isReady), isReady })
  const { app } = createServer({ access: 'platform', log, openRoutes: new Set(routes), offered: routes.join(', '), bodyLimit: LARGEST_BODY_BYTES, patience })
  traceAnswers(app, traces)
  refuseEarly(app, live, LARGEST_BODY_BYTES)
  countAnswers(app, live, metrics)
  void app.register(protocol)
  return app
}

function contractOf(platform: Platform, model: string, parts: Parameters<typeof sagemakerContainer>[0]): { readonly routes: readonly string[]; readonly protocol: FastifyPluginCallbackTypebox } {
  switch (platform.kind) {
    case 'sagemaker':
      return { routes: sagemakerContainerRoutes, protocol: sagemakerContainer(parts, { model, accept: platform.accept }) }
    case 'vertex': {
      const { health, predict } = vertexRoutes(platform)
      return { routes: [health, predict], protocol: vertexContainer(parts, { model, health, predict }) }
    }
  }
}
