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

/** A snapshot as it is kept. */
export interface KeptSnapshot {
  readonly snapshot: Snapshot
  /** Absent until a run has cut it. */
  readonly profile: SnapshotProfile | undefined
  readonly createdAt: Date
}

/** Snapshots of a model from the newest on, or from the one before another, by digest. */
export async function listSnapshots(database: Database, model: string, limit: number, before?: string): Promise<readonly KeptSnapshot[]> {
  let select = database.selectFrom('snapshots').select(['manifest', 'profile', 'created_at']).where('model', '=', model).orderBy('created_at', 'desc').orderBy('digest').limit(limit)
  if (before !== undefined) {
    select = select.where('created_at', '<', (query) => query.selectFrom('snapshots as last').select('last.created_at').where('last.model', '=', model).where('last.digest', '=', before))
  }
  return (await select.execute()).map(keptFromRow)
}

/** The snapshot whose digest begins so, or the newest one for `newest`. @throws RefitError `not-found` */
export async function findSnapshot(database: Database, model: string, named: string): Promise<KeptSnapshot> {
  let select = database.selectFrom('snapshots').select(['manifest', 'profile', 'created_at']).where('model', '=', model).orderBy('created_at', 'desc').limit(1)
  if (named !== 'newest') select = select.where((query) => query.fn('starts_with', ['digest', query.val(named)]), '=', true)
  const row = await select.executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: named === 'newest' ? `snapshot of model "${model}" yet` : `snapshot ${named.slice(0, 12)} of model "${model}"` })
  return keptFromRow(row)
}

function keptFromRow(row: { readonly manifest: unknown; readonly profile: unknown; readonly created_at: Date }): KeptSnapshot {
  return {
    snapshot: Value.Parse(Snapshot, row.manifest),
    profile: row.profile === null ? undefined : Value.Parse(SnapshotProfile, row.profile),
    createdAt: row.created_at,
  }
}
