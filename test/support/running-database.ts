import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '../../src/database/connection.js'
import { startEmbeddedServer } from '../../src/database/embedded/server.js'
import { migrate } from '../../src/database/migrate.js'
import type { Database } from '../../src/database/schema.js'
import { removeProject } from './remove-project.js'

/** A migrated database on a real server of its own, in a temporary folder that is removed with it. */
export interface RunningDatabase {
  readonly database: Database
  readonly url: string
  readonly folder: string
  readonly stop: () => Promise<void>
}

export async function startDatabase(options: { readonly connections?: number } = {}): Promise<RunningDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-database-'))
  const server = await startEmbeddedServer(join(folder, '.refit'))
  const connection = connect(server.url, { applicationName: 'test', ...options })
  await migrate(connection.database)
  return {
    database: connection.database,
    url: server.url,
    folder,
    stop: async () => {
      await connection.close()
      await server.release()
      await removeProject(folder)
    },
  }
}
