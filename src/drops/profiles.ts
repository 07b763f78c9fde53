import { sql } from 'kysely'
import { Compile } from 'typebox/compile'
import { DropProfile } from '../data/drop-profile-format.js'
import { HISTORY_DROPS } from '../data/plausibility/plausibility.js'
import type { AcceptedDrop } from '../data/plausibility/reference.js'
import type { Database, Transaction } from '../database/schema.js'
import type { StoredDelivery } from '../define/stored-definition.js'

/** There are many of them, and large: forty times as fast as without. */
const compiled = Compile(DropProfile)

/**
 * The drops that new ones are compared with, in order of arrival: the newest that are in the history; also superseded
 * ones where each drop is the whole table. Drops that were read by a former release have no profile and are left out.
 */
export async function acceptedDrops(database: Database, model: string, delivery: StoredDelivery['kind'] | undefined): Promise<readonly AcceptedDrop[]> {
  const rows = await database
    .selectFrom('drops')
    .innerJoin('drop_profiles', 'drop_profiles.drop_id', 'drops.id')
    .select(['drops.id', 'drops.key', 'drops.recorded_at', 'drop_profiles.profile'])
    .where('drops.model', '=', model)
    .where('drops.state', 'in', delivery === 'replace' ? ['ingested', 'superseded'] : ['ingested'])
    .orderBy(sql`length(drops.id)`, 'desc')
    .orderBy('drops.id', 'desc')
    .limit(HISTORY_DROPS)
    .execute()
  return rows.toReversed().map((row) => ({ id: row.id, key: row.key, arrivedAt: row.recorded_at, profile: compiled.Parse(row.profile) }))
}

/** Keeps the profile of a drop, in place of a former one. */
export async function keepProfile(transaction: Transaction, drop: string, profile: DropProfile): Promise<void> {
  const json = JSON.stringify(profile)
  await transaction
    .insertInto('drop_profiles')
    .values({ drop_id: drop, profile: json })
    .onConflict((conflict) => conflict.column('drop_id').doUpdateSet({ profile: json }))
    .execute()
}
