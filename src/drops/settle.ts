import type { Clock } from '../clock.js'
import type { DropState, Transaction } from '../database/schema.js'
import type { DropReading } from '../data/snapshot.js'
import { appendEvent, type EventKind } from '../runs/event.js'
import type { Drop, DropReason } from './drop.js'

/** What an ingest decided about one drop. */
export type DropDecision =
  | { readonly drop: Drop; readonly state: 'ingested' | 'quarantined'; readonly reading: DropReading }
  | { readonly drop: Drop; readonly state: 'discarded'; readonly summary: string }
  | { readonly drop: Drop; readonly state: 'superseded'; readonly by: string }

const eventOf = {
  ingested: 'drop.ingested',
  quarantined: 'drop.quarantined',
  discarded: 'drop.discarded',
  superseded: 'drop.superseded',
} as const satisfies Record<DropDecision['state'], EventKind>

/**
 * Decides about drops in the order of their arrival. A later delivery under the same name supersedes the former one,
 * but only if it is accepted; content that is in the history already is discarded, so that rows never double.
 */
export function decideDrops(waiting: readonly Drop[], ingested: readonly Drop[], readings: ReadonlyMap<string, DropReading>): readonly DropDecision[] {
  const live = new Map(ingested.map((drop) => [nameOf(drop), drop]))
  const decisions = new Map<string, DropDecision>()
  for (const drop of waiting) {
    const same = [...live.values()].find((other) => other.sha256 === drop.sha256)
    const reading = readings.get(drop.id)
    if (same !== undefined) {
      decisions.set(drop.id, { drop, state: 'discarded', summary: `Its content is that of drop ${same.id} (${same.key}).` })
    } else if (reading !== undefined) {
      decisions.set(drop.id, { drop, state: reading.accepted ? 'ingested' : 'quarantined', reading })
      if (!reading.accepted) continue
      const former = live.get(nameOf(drop))
      if (former !== undefined) decisions.set(former.id, { drop: former, state: 'superseded', by: drop.id })
      live.set(nameOf(drop), drop)
    }
  }
  return [...decisions.values()]
}

function nameOf(drop: Drop): string {
  return `${drop.source}\u0000${drop.key}`
}

/** Writes the decisions in the stage's own transaction. */
export async function settleDrops(transaction: Transaction, clock: Clock, run: string, decisions: readonly DropDecision[]): Promise<void> {
  const at = clock.now()
  for (const decision of decisions) {
    const { drop, state } = decision
    const reason = reasonFor(decision)
    const part = 'reading' in decision && decision.reading.accepted ? decision.reading.part : undefined
    await transaction
      .updateTable('drops')
      .set({
        state: state satisfies DropState,
        reason: JSON.stringify(reason),
        superseded_by: decision.state === 'superseded' ? decision.by : null,
        run: drop.run ?? run,
        changed_at: at,
        ...(part === undefined ? {} : { part: JSON.stringify(part) }),
      })
      .where('id', '=', drop.id)
      .execute()
    await appendEvent(transaction, { at, actor: 'refit', kind: eventOf[state], model: drop.model, run, data: { drop: drop.id, key: drop.key, ...reason, rows: part?.rows } })
  }
}

function reasonFor(decision: DropDecision): DropReason {
  switch (decision.state) {
    case 'discarded':
      return { summary: decision.summary }
    case 'superseded':
      return { summary: `Delivered again as ${decision.by}.` }
    case 'quarantined':
      return decision.reading.accepted ? {} : { summary: decision.reading.faults.map((fault) => fault.message).join(' '), faults: decision.reading.faults }
    case 'ingested':
      return {}
  }
}
