import type { TestContext } from 'node:test'
import { Client } from 'pg'
import { querySource } from '../../src/sources/query/adapter.js'
import { query, type QueryOptions } from '../../src/sources/query/definition.js'
import type { Source } from '../../src/sources/source.js'
import type { RunningDatabase } from '../support/running-database.js'

/** A table of a test's own beside the state of the server under test, and a source that reads it. */
export interface Sales {
  readonly client: Client
  readonly table: string
  readonly url: string
  source(options?: Partial<QueryOptions>): Source
}

let tables = 0

/** Makes the table with the given columns, removed with the test. */
export async function salesTable(context: TestContext, running: RunningDatabase, columns: string): Promise<Sales> {
  tables += 1
  const table = `sales_${tables}`
  const client = new Client({ connectionString: running.url })
  await client.connect()
  context.after(() => client.end())
  await client.query(`create table ${table} (${columns})`)
  const given = { database: running.url, query: `select * from ${table} where updated_at > $watermark`, watermark: 'updated_at' }
  return { client, table, url: running.url, source: (options = {}) => querySource(query({ ...given, ...options }).options) }
}
