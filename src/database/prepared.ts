import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { keepable } from './keepable.js'

/**
 * Statements that begin with a comment `/* prepared name *\/` are parsed and planned once a connection: for the few
 * that run at every stage boundary, whose planning costs more than their execution. The same name is always the same text.
 */
const marker = /^\s*\/\* prepared ([\w-]+) \*\//

/** The pool as Kysely takes it, with such statements prepared and parameters that can be kept. */
export function preparing(pool: Pool): PostgresPool {
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>()
  return {
    connect: async () => {
      const client = await pool.connect()
      const present = wrapped.get(client) ?? wrap(client)
      wrapped.set(client, present)
      return present
    },
    end: () => pool.end(),
  }
}

function wrap(client: PoolClient): PostgresPoolClient {
  function query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query(statement: string | PostgresCursor<unknown>, values: readonly unknown[] = []): unknown {
    if (typeof statement !== 'string') throw new Error('cursors are not used here')
    const name = marker.exec(statement)?.[1]
    return client.query({ text: statement, values: values.map(keepable), ...(name === undefined ? {} : { name }) })
  }
  return { query, release: () => client.release() }
}
