import type { Transaction } from '../database/schema.js'
import type { DropReading } from '../data/snapshot.js'
import type { StoredDelivery } from '../define/stored-definition.js'
import { appendEvent } from '../runs/event.js'
import type { Drop } from './drop.js'
import { ingestedDrops, supersededBy } from './queries.js'
import { decideDrops, reasonFor } from './settle.js'

/**
 * What a drop had superseded stands again once that one is withdrawn, by the rules of an ingest: in the history, or
 * superseded by another, or a copy. Returns the ids of those whose state has changed.
 */
export async function returnSuperseded(
  transaction: Transaction,
  at: Date,
  withdrawn: Drop,
  delivery: StoredDelivery['kind'] | undefined,
  { actor, reason }: { readonly actor: string; readonly reason: string },
): Promise<readonly string[]> {
  const candidates = await supersededBy(transaction, withdrawn.id)
  if (candidates.length === 0) return []
  const readings = new Map(candidates.flatMap((drop): [string, DropReading][] => (drop.part === undefined ? [] : [[drop.id, { accepted: true, part: drop.part }]])))
  const decisions = new Map(decideDrops(candidates, await ingestedDrops(transaction, withdrawn.model), readings, delivery).map((decision) => [decision.drop.id, decision]))
  const changed: string[] = []
  for (const drop of candidates) {
    const decision = decisions.get(drop.id)
    // One that was superseded before it was read waits for the next run.
    const state = decision?.state ?? 'recorded'
    const by = decision?.state === 'superseded' ? decision.by : null
    const back = { summary: `Drop ${withdrawn.id}, which had superseded it, was withdrawn.` }
    const why = decision === undefined || decision.state === 'ingested' ? back : reasonFor(decision)
    await transaction.updateTable('drops').set({ state, superseded_by: by, reason: JSON.stringify(why), changed_at: at }).where('id', '=', drop.id).execute()
    if (state === 'superseded') continue
    changed.push(drop.id)
    const kind = state === 'discarded' ? 'drop.discarded' : 'drop.restored'
    await appendEvent(transaction, { at, actor, kind, model: drop.model, data: { drop: drop.id, key: drop.key, ...why, reason } })
  }
  return changed
}
