import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pino from 'pino'
import { parseTokens } from '../../src/http/access.js'
import type { DeclaredRoute } from '../../src/http/server.js'
import { createApi } from '../../src/api/app.js'
import type { ApiParts } from '../../src/api/parts.js'
import { systemClock } from '../../src/clock.js'
import { connect } from '../../src/database/connection.js'
import { startEmbeddedServer } from '../../src/database/embedded/server.js'
import { listen } from '../../src/database/listen.js'
import { migrate } from '../../src/database/migrate.js'
import type { Database } from '../../src/database/schema.js'
import type { StoredTarget } from '../../src/define/notify.js'
import { refitError } from '../../src/errors.js'
import { startNotifications } from '../../src/notifications/notifications.js'
import type { Notifier } from '../../src/notifications/notifier.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { registerModels } from '../../src/registry/models.js'
import { openNotifier as openNotifierAt } from '../../src/roles/adapters.js'
import { EVENTS_CHANNEL } from '../../src/runs/event.js'
import { removeProject } from '../support/remove-project.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

/** A control API on a real port over a real database, without the rest of the control server. */
export interface RunningApi {
  readonly url: string
  readonly database: Database
  readonly folder: string
  readonly routes: readonly DeclaredRoute[]
  readonly log: () => string
  readonly shutdowns: () => number
  readonly uploads: () => number
  readonly logPath: (run: string, stage: string, attempt: number) => string
  readonly stop: () => Promise<void>
}

export async function startApi(options: { readonly tokens?: string; readonly servingUrl?: string; readonly announcements?: ApiParts['announcements']; readonly notify?: readonly StoredTarget[]; readonly sourceFailures?: Readonly<Record<string, { readonly source: string; readonly message: string }>> } = {}): Promise<RunningApi> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-api-'))
  const server = await startEmbeddedServer(join(folder, '.refit'))
  const connection = connect(server.url, { applicationName: 'test' })
  await migrate(connection.database)
  await registerModels(connection.database, systemClock, project, 'test')
  const hints = new Set<() => void>()
  const listener = listen(server.url, [EVENTS_CHANNEL], () => {
    for (const hint of hints) hint()
  })
  let logged = ''
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      logged += String(chunk)
      done()
    },
  })
  const openNotifier = (target: StoredTarget): Notifier => openNotifierAt({ projectFolder: folder, stateFolder: join(folder, '.refit'), clock: systemClock }, target)
  const notifications = await startNotifications({ database: connection.database, clock: systemClock, project: 'test', targets: options.notify ?? [], openNotifier, url: () => undefined, log: pino({}, sink) })
  let shutdowns = 0
  let uploads = 0
  const logPath = (run: string, stage: string, attempt: number): string => join(folder, `${run}-${stage}-${attempt}.log`)
  const parts = {
    database: connection.database,
    objects: filesystemObjects(join(folder, '.refit', 'objects')),
    clock: systemClock,
    project: { folder, environment: undefined, refit: '0.1.0', startedAt: new Date(), servingUrl: () => options.servingUrl, answerWithinSeconds: 30 },
    attemptLog: logPath,
    onEventHint: (hint: () => void) => {
      hints.add(hint)
      return () => hints.delete(hint)
    },
    // What becomes of a model that is brought is shown on a running project.
    adopt: () => Promise.reject(refitError('upload-unfit', { reason: 'nothing here unpacks it' })),
    sourceFailure: (model: string) => options.sourceFailures?.[model],
    onUpload: () => {
      uploads += 1
    },
    // What serving logs is shown on a running project.
    bringPredictions: () => Promise.resolve(),
    onBatchJob: () => undefined,
    notifications,
    announcements: options.announcements ?? { isOpen: () => Promise.resolve(false), receive: () => Promise.reject(refitError('announcement-unauthenticated', {})) },
    onShutdown: () => {
      shutdowns += 1
    },
  }
  const { app, routes } = await createApi(parts, { bind: '127.0.0.1', hosts: [], origins: [], tokens: parseTokens(options.tokens ?? '') }, pino({}, sink))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    database: connection.database,
    folder,
    routes,
    log: () => logged,
    shutdowns: () => shutdowns,
    uploads: () => uploads,
    logPath,
    stop: async () => {
      await app.close()
      await notifications.stop()
      await listener.stop()
      await connection.close()
      await server.release()
      await removeProject(folder)
    },
  }
}

const project = projectOf(modelNamed('house-price'), modelNamed('price-direction'))
