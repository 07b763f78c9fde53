import { sql } from 'kysely'
import type { Database } from '../database/schema.js'

/** What no other database has but a copy of this one. It is no secret, and opens nothing. */
export async function identityOf(database: Database): Promise<string> {
  const { rows } = await sql<{ id: string }>`select id::text from tracking.identity`.execute(database)
  const [found] = rows
  if (found === undefined) throw new Error('The database has no identity, which its migration has made.')
  return found.id
}
