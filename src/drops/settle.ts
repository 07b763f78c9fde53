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
 * Plans what becomes of drops that need no reading: a later delivery under the same name supersedes the former one,
 * and content that is already in the history is discarded, so that rows never double.
 */
export function planDrops(waiting: readonly Drop[], ingested: readonly Drop[]): { readonly toRead: readonly Drop[]; readonly decided: readonly DropDecision[] } {
  const decided: DropDecision[] = []
  const toRead: Drop[] = []
  const latest = new Map<string, Drop>()
  for (const drop of [...ingested, ...waiting]) {
    const name = `${drop.source}\u0000${drop.key}`
    const former = latest.get(name)
    if (former !== undefined) decided.push({ drop: former, state: 'superseded', by: drop.id })
    latest.set(name, drop)
  }
  const superseded = new Set(decided.map((decision) => decision.drop.id))
  const contents = new Map(ingested.filter((drop) => !superseded.has(drop.id)).map((drop) => [drop.sha256, drop]))
  for (const drop of waiting) {
    if (superseded.has(drop.id)) continue
    const same = contents.get(drop.sha256)
    if (same === undefined) {
      toRead.push(drop)
      contents.set(drop.sha256, drop)
    } else {
      decided.push({ drop, state: 'discarded', summary: `Its content is that of drop ${same.id} (${same.key}).` })
    }
  }
  return { toRead, decided }
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
