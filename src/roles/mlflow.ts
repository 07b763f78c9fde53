import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../clock.js'
import { connect, requireUsable } from '../database/connection.js'
import { startEmbeddedServer } from '../database/embedded/server.js'
import { migrate } from '../database/migrate.js'
import { requireTokensBeyondLoopback, type Token } from '../http/access.js'
import { createServer } from '../http/server.js'
import { mlflowOpenRoutes, mlflowRoutes } from '../mlflow/app.js'
import { mlflowOffered } from '../mlflow/offered.js'
import { filesystemObjects } from '../objects/filesystem/adapter.js'
import { predictors } from './adapters.js'
import { listenOn } from './listen-on.js'
import { supervise } from './supervise.js'

export interface MlflowOptions {
  /** Where everything is kept. */
  readonly stateFolder: string
  readonly bind: string
  readonly port: number
  /** Further names that it may be asked by. */
  readonly hosts: readonly string[]
  readonly tokens: readonly Token[]
  /** In place of a server of its own. */
  readonly databaseUrl: string | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** A running server of MLflow's API alone. */
export interface MlflowServer {
  readonly url: string
  stop(): Promise<void>
}

/** Largest body of what is no message of MLflow's API, which have a limit of their own. */
const SMALL_BODY_BYTES = 1024 * 1024
const CONNECTIONS = 20

/** Starts MLflow's API without the rest of Refit. @throws RefitError `port-taken`, `tokens-required`, `database-unusable` */
export async function startMlflow({ stateFolder, bind, port, hosts, tokens, databaseUrl, clock, log }: MlflowOptions): Promise<MlflowServer> {
  requireTokensBeyondLoopback(bind, tokens)
  const started: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end()
  }
  try {
    const embedded = databaseUrl === undefined ? await startEmbeddedServer(stateFolder) : undefined
    if (embedded !== undefined) started.push(() => embedded.release())
    const connection = connect(databaseUrl ?? embedded?.url ?? '', { applicationName: 'refit-mlflow', connections: CONNECTIONS })
    started.push(() => connection.close())
    if (embedded === undefined) await requireUsable(connection)
    await migrate(connection.database)
    const { app } = createServer({ access: { bind, hosts, origins: [], tokens }, log, openRoutes: mlflowOpenRoutes, offered: mlflowOffered, bodyLimit: SMALL_BODY_BYTES })
    await app.register(mlflowRoutes({ database: connection.database, objects: filesystemObjects(join(stateFolder, 'objects')), clock, predictors }))
    started.push(() => app.close())
    const url = await listenOn(app, bind, port, '--port')
    const supervisor = supervise(clock, log, async () => embedded?.revive())
    started.push(supervisor.stop)
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
