import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'

/** What one serving process answers from, as it says itself. */
export const ReplicaLive = Type.Array(Type.Object({ model: Type.String(), version: Type.Integer(), generation: Type.Integer(), digest: Type.String() }))
export type ReplicaLive = Static<typeof ReplicaLive>

export interface Replica {
  readonly id: string
  readonly pid: number
  /** Where it is asked for predictions. */
  readonly address: string
  readonly live: ReplicaLive
  readonly seenAt: Date
}

/** A replica that has said nothing for this long is not listed. */
const FORGOTTEN_AFTER_MS = 60_000

/** Says that a replica is there and what it answers from. */
export async function tellReplica(database: Database, replica: Replica): Promise<void> {
  const row = { pid: replica.pid, address: replica.address, live: JSON.stringify(replica.live), seen_at: replica.seenAt }
  await database
    .insertInto('replicas')
    .values({ id: replica.id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
}

/** The replicas heard of lately, by id. */
export async function listReplicas(database: Database, now: Date): Promise<readonly Replica[]> {
  const since = new Date(now.getTime() - FORGOTTEN_AFTER_MS)
  const rows = await database.selectFrom('replicas').selectAll().where('seen_at', '>', since).orderBy('id').execute()
  return rows.map((row) => ({ id: row.id, pid: row.pid, address: row.address, live: Value.Parse(ReplicaLive, row.live), seenAt: row.seen_at }))
}
