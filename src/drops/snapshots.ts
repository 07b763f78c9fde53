import { Value } from 'typebox/value'
import { SnapshotProfile, type FormerProfile } from '../data/profile.js'
import { Snapshot } from '../data/snapshot.js'
import type { Database, Transaction } from '../database/schema.js'
import { refitError } from '../errors.js'

/** Keeps a snapshot and which drops are in it. Saving the same one again changes nothing. */
export async function saveSnapshot(transaction: Transaction, at: Date, model: string, snapshot: Snapshot): Promise<void> {
  await transaction
    .insertInto('snapshots')
    .values({ digest: snapshot.digest, model, manifest: JSON.stringify(snapshot), created_at: at })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const drops = snapshot.parts.map((part) => ({ model, snapshot: snapshot.digest, drop_id: part.drop }))
  await transaction
    .insertInto('snapshot_drops')
    .values(drops)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** @throws RefitError `not-found` */
export async function getSnapshot(database: Database, model: string, digest: string): Promise<Snapshot> {
  const row = await database.selectFrom('snapshots').select('manifest').where('model', '=', model).where('digest', '=', digest).executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: `snapshot ${digest.slice(0, 12)} of model "${model}"` })
  return Value.Parse(Snapshot, row.manifest)
}

/** Keeps what the rows of a snapshot look like, once. */
export async function saveProfile(transaction: Transaction, model: string, digest: string, profile: SnapshotProfile): Promise<void> {
  await transaction
    .updateTable('snapshots')
    .set({ profile: JSON.stringify(profile) })
    .where('model', '=', model)
    .where('digest', '=', digest)
    .where('profile', 'is', null)
    .execute()
}

/** The newest snapshot that was made before another one and has a profile. */
export async function formerProfile(database: Database, model: string, digest: string): Promise<FormerProfile | undefined> {
  const row = await database
    .selectFrom('snapshots')
    .select(['digest', 'profile'])
    .where('model', '=', model)
    .where('profile', 'is not', null)
    .where('created_at', '<', (query) => query.selectFrom('snapshots as this').select('this.created_at').where('this.model', '=', model).where('this.digest', '=', digest))
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : { digest: row.digest, profile: Value.Parse(SnapshotProfile, row.profile) }
}
