import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { getVersion, type Lineage } from './version.js'

/**
 * Which versions were made from which drops, and which of those have been withdrawn since. A version saw the drops of its
 * lineage, whatever the window left of them. A snapshot alone does not tell: the same content may have come again in
 * another drop.
 */

/** The versions that were made from any of these drops, the newest first. */
export async function versionsMadeFrom(database: Database, model: string, drops: readonly string[]): Promise<readonly number[]> {
  if (drops.length === 0) return []
  const snapshots = database.selectFrom('snapshot_drops').select('snapshot').where('model', '=', model).where('drop_id', 'in', drops)
  const rows = await database
    .selectFrom('versions')
    .select('number')
    .where('model', '=', model)
    .where(sql<string>`lineage ->> 'snapshot'`, 'in', snapshots)
    .where(sql<boolean>`exists (select from jsonb_array_elements(lineage -> 'drops') as made_from where made_from ->> 'id' in (${sql.join(drops)}))`)
    .orderBy('number', 'desc')
    .execute()
  return rows.map(({ number }) => number)
}

/** Those of these drops that are withdrawn, by id. */
export async function withdrawnAmong(database: Database, drops: Lineage['drops']): Promise<readonly string[]> {
  if (drops.length === 0) return []
  const ids = drops.map(({ id }) => id)
  const rows = await database.selectFrom('drops').select('id').where('id', '=', sql<string>`any(${ids})`).where('state', '=', 'withdrawn').orderBy(sql`length(id)`).orderBy('id').execute()
  return rows.map(({ id }) => id)
}

/** The first of these versions that was made from no withdrawn drop. */
export async function firstUntainted(database: Database, model: string, versions: Iterable<number>): Promise<number | undefined> {
  for (const number of versions) {
    const { lineage } = await getVersion(database, model, number)
    if ((await withdrawnAmong(database, lineage.drops)).length === 0) return number
  }
  return undefined
}

/**
 * The version to go back to when the champion was made from a withdrawn drop: the newest that may serve and was made
 * from none; one that has served before one that has not. Undefined: there is none.
 */
export async function newestUntainted(database: Database, model: string): Promise<number | undefined> {
  const served = database.selectFrom('champion_moves').select('version').where('model', '=', model)
  const mayServe = database.selectFrom('versions').select('number').where('model', '=', model).where('state', 'in', ['passed', 'approved']).orderBy('number', 'desc')
  const inOrder = async (query: typeof mayServe): Promise<readonly number[]> => (await query.execute()).map(({ number }) => number)
  return (
    (await firstUntainted(database, model, await inOrder(mayServe.where('number', 'in', served)))) ??
    (await firstUntainted(database, model, await inOrder(mayServe.where('number', 'not in', served))))
  )
}
