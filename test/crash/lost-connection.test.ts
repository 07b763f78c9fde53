import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { isOutage } from '../../src/database/outage.js'
import { until } from '../support/running-project.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'

let running: RunningDatabase
before(async () => {
  running = await startDatabase()
})
after(() => running.stop())

test('a connection that breaks between two queries of a transaction is an outage for the transaction, not the end of the process', async () => {
  const { database } = running
  const broken = database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction)
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database)
    await until('the connection to have gone', async () => {
      const left = await sql`select from pg_stat_activity where pid = ${rows[0]?.pid}`.execute(database)
      return left.rows.length === 0 ? true : undefined
    })
    await sql`select 1`.execute(transaction)
  })
  await assert.rejects(broken, isOutage)
  await sql`select 1`.execute(database)
})
