import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import { refitError } from '../errors.js'
import { preparing } from './prepared.js'
import type { Database, Schema } from './schema.js'

/** A pool of connections, and the queries over it. */
export interface Connection {
  readonly database: Database
  readonly pool: Pool
  readonly url: string
  close(): Promise<void>
}

export interface ConnectionOptions {
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  readonly connections?: number
  /** False: commits do not wait for the disk. For what can be made again, only. */
  readonly durable?: boolean
}

const CONNECT_TIMEOUT_MS = 10_000

/** Opens a pool. Connections are made when they are needed and again after an outage. */
export function connect(url: string, options: ConnectionOptions): Connection {
  const pool = createPool(url, options)
  return {
    database: new Kysely<Schema>({ dialect: new PostgresDialect({ pool: preparing(pool) }) }),
    pool,
    url,
    close: async () => {
      await pool.end()
    },
  }
}

/**
 * Asks a database that somebody has named for the first time: whatever it says then is about the name.
 * @throws RefitError `database-unusable`
 */
export async function requireUsable({ pool, url }: Connection): Promise<void> {
  const refuse = (reason: string, cause?: unknown): Error => refitError('database-unusable', { place: url.replace(/\/\/[^/]*@/, '//…@').replace(/\?.*$/s, ''), reason }, { cause })
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw refuse('it is not written as an address of PostgreSQL')
  try {
    await pool.query('select 1')
  } catch (error) {
    // Several addresses of one name fail together, without a message.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw refuse(error instanceof Error && error.message !== '' ? error.message : code, error)
  }
}

/** A plain pool, for parts that bring their own queries. */
export function createPool(url: string, { applicationName, connections = 10, durable = true }: ConnectionOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    application_name: applicationName,
    // A server that a network has silently cut off must not be waited for without end.
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(durable ? {} : { options: '-c synchronous_commit=off' }),
  })
  // A connection that breaks is replaced at its next use; without a listener it would end the process, whether it is
  // idle (then the pool tells) or lent to a transaction (then only the connection itself).
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
