import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { systemClock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import type { Token } from '../../src/http/access.js'
import { createServer, type DeclaredRoute } from '../../src/http/server.js'
import { mlflowOpenRoutes, mlflowRoutes } from '../../src/mlflow/app.js'
import { mlflowOffered } from '../../src/mlflow/offered.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import type { TrainingTokens } from '../../src/tracking/training-tokens.js'

/** MLflow's API in this process, where a test can look at what it does to the database. */
export interface RunningRoutes {
  readonly url: string
  readonly routes: readonly DeclaredRoute[]
  /** Ends it, and removes its files. */
  stop(): Promise<void>
}

/** Without tokens, on loopback, whoever asks is admin. */
export async function startMlflowRoutes(database: Database, { tokens = [], trainings }: { readonly tokens?: readonly Token[]; readonly trainings?: TrainingTokens } = {}): Promise<RunningRoutes> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-mlflow-routes-'))
  const { app, routes } = createServer({ access: { bind: '127.0.0.1', hosts: [], origins: [], tokens, lent: trainings }, log: pino({ level: 'silent' }), openRoutes: mlflowOpenRoutes, offered: mlflowOffered, bodyLimit: 1024 * 1024 })
  await app.register(mlflowRoutes({ database, objects: filesystemObjects(folder), clock: systemClock, predictors: [], trainings }))
  return {
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    routes,
    stop: async () => {
      await app.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
