import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'
import type { Database } from './schema.js'

interface Migration {
  readonly name: string
  readonly text: string
  readonly sha256: string
}

const Applied = Type.Array(Type.Object({ name: Type.String(), sha256: Type.String() }))

/**
 * Brings the database to the state that this program needs: each missing migration in a transaction of its own, in
 * order, under a lock, so that any number of processes may try at once.
 * @throws RefitError `state-newer` when a newer program has been here
 */
export async function migrate(database: Database): Promise<void> {
  const known = await readMigrations()
  await database.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(hashtext('refit migrate'))`.execute(connection)
    try {
      await sql`create table if not exists migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())`.execute(connection)
      const applied = Value.Parse(Applied, (await sql`select name, sha256 from migrations order by name`.execute(connection)).rows)
      refuseForeignState(known, applied)
      const names = new Set(applied.map(({ name }) => name))
      for (const migration of known.filter(({ name }) => !names.has(name))) {
        await connection.transaction().execute(async (transaction) => {
          await sql.raw(migration.text).execute(transaction)
          await sql`insert into migrations (name, sha256) values (${migration.name}, ${migration.sha256})`.execute(transaction)
        })
      }
    } finally {
      await sql`select pg_advisory_unlock(hashtext('refit migrate'))`.execute(connection)
    }
  })
}

async function readMigrations(): Promise<readonly Migration[]> {
  const folder = fileURLToPath(new URL('./migrations/', import.meta.url))
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8')
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

function refuseForeignState(known: readonly Migration[], applied: readonly { name: string; sha256: string }[]): void {
  const hashes = new Map(known.map(({ name, sha256 }) => [name, sha256]))
  for (const { name, sha256 } of applied) {
    const expected = hashes.get(name)
    if (expected === undefined) throw refitError('state-newer', { migration: name })
    if (expected !== sha256) throw refitError('state-diverged', { migration: name })
  }
}
