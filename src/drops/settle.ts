import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.js'
import type { DropState, Transaction } from '../database/schema.js'
import type { DropReading, Part } from '../data/snapshot.js'
import type { StoredDelivery } from '../define/stored-definition.js'
import { appendEvent, type EventKind } from '../runs/event.js'
import { byArrival, type Drop, type DropReason } from './drop.js'
import type { Judge } from './judge.js'
import { keepProfile } from './profiles.js'

/** What an ingest decided about one drop. */
export type DropDecision =
  | { readonly drop: Drop; readonly state: 'ingested' | 'quarantined'; readonly reading: DropReading }
  | { readonly drop: Drop; readonly state: 'discarded'; readonly summary: string }
  /** With a part where it was accepted: it comes back when the one that superseded it is withdrawn. */
  | { readonly drop: Drop; readonly state: 'superseded'; readonly by: string; readonly part: Part | undefined }

const eventOf = {
  ingested: 'drop.ingested',
  quarantined: 'drop.quarantined',
  discarded: 'drop.discarded',
  superseded: 'drop.superseded',
} as const satisfies Record<DropDecision['state'], EventKind>

/**
 * Decides about drops by their arrival: of two that stand for the same the later one counts, but only if it is
 * accepted, and also where the earlier one is taken later; content that is in the history already is discarded, so
 * that rows never double, and takes the place of that one when it is superseded, so that none vanish. A drop without a
 * reading is left as it is, unless it needs none. A judge looks at each that would be accepted beside those accepted
 * before it. `waiting` also has the copies that were discarded before (`discardedCopies`).
 */
export function decideDrops(...given: Parameters<typeof decisionsOf>): readonly DropDecision[] {
  const steps = decisionsOf(...given)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** Decides as `decideDrops` does, and lets others work after each drop: to judge one takes up to a tenth of a second. */
export async function decideInTurns(...given: Parameters<typeof decisionsOf>): Promise<readonly DropDecision[]> {
  const steps = decisionsOf(...given)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    await setImmediate()
  }
}

/** The decisions; stops after each drop that was judged. */
function* decisionsOf(
  waiting: readonly Drop[],
  ingested: readonly Drop[],
  readings: ReadonlyMap<string, DropReading>,
  delivery: StoredDelivery['kind'] = 'append',
  judge?: Judge,
): Generator<undefined, readonly DropDecision[], undefined> {
  const decisions = new Map<string, DropDecision>()
  // The same rows again would double; where they have keys they only say again how things stand.
  const byContent = new Map<string, Drop>()
  const bySubject = new Map<string, Drop>()
  const copiesOf = new Map<string, Drop[]>()
  const partNow = (drop: Drop): Part | undefined => {
    const before = decisions.get(drop.id)
    return before?.state === 'ingested' && before.reading.accepted ? before.reading.part : drop.part
  }
  const supersede = (drop: Drop, by: Drop): void => {
    decisions.set(drop.id, { drop, state: 'superseded', by: by.id, part: partNow(drop) })
    if (byContent.get(drop.sha256) === drop) byContent.delete(drop.sha256)
    judge?.superseded(drop)
  }
  const take = (drop: Drop): void => {
    const subject = subjectOf(drop, delivery)
    const former = bySubject.get(subject)
    const part = former === undefined ? undefined : partNow(former)
    if (former !== undefined) supersede(former, drop)
    bySubject.set(subject, drop)
    byContent.set(drop.sha256, drop)
    if (former !== undefined && part !== undefined) replaceByCopy(former, part)
  }
  /** The first copy of what has been superseded that nothing later stands in place of has its rows from now on. */
  const replaceByCopy = (original: Drop, part: Part): void => {
    if (byContent.has(original.sha256)) return
    const copy = copiesOf.get(original.id)?.find((candidate) => {
      const present = bySubject.get(subjectOf(candidate, delivery))
      return present === undefined || byArrival(present, candidate) < 0
    })
    if (copy === undefined) return
    const profile = judge?.replaced(original, copy)
    decisions.set(copy.id, { drop: copy, state: 'ingested', reading: { accepted: true, part: { ...part, drop: copy.id }, ...(profile === undefined ? {} : { profile }) } })
    copiesOf.set(copy.id, copiesOf.get(original.id)?.filter((other) => other !== copy) ?? [])
    take(copy)
  }
  const keepCopy = (copy: Drop, original: Drop | undefined): void => {
    if (original !== undefined && byArrival(original, copy) < 0) copiesOf.set(original.id, [...(copiesOf.get(original.id) ?? []), copy])
  }
  for (const drop of ingested.toSorted(byArrival)) take(drop)
  const discarded = waiting.filter(({ state }) => state === 'discarded').toSorted(byArrival)
  for (const drop of discarded) keepCopy(drop, byContent.get(drop.sha256))
  for (const drop of waiting.filter(({ state }) => state !== 'discarded').toSorted(byArrival)) {
    const copied = delivery === 'upsert' ? undefined : byContent.get(drop.sha256)
    const present = bySubject.get(subjectOf(drop, delivery))
    const reading = readings.get(drop.id)
    if (copied !== undefined) {
      keepCopy(drop, copied)
      decisions.set(drop.id, { drop, state: 'discarded', summary: `Its content is that of drop ${copied.id} (${copied.key}). It takes the place of that one when it is superseded, and stays out when it is withdrawn; \`refit drops restore\` takes it in then.` })
    } else if (present !== undefined && byArrival(drop, present) < 0) {
      decisions.set(drop.id, { drop, state: 'superseded', by: present.id, part: reading?.accepted === true ? reading.part : undefined })
    } else if (reading !== undefined) {
      const judged = judge?.judged(drop, reading, present) ?? reading
      yield
      decisions.set(drop.id, { drop, state: judged.accepted ? 'ingested' : 'quarantined', reading: judged })
      if (!judged.accepted) continue
      take(drop)
      judge?.accepted(drop, judged)
    }
  }
  return [...decisions.values()]
}

/** What a drop tells the state of: the whole table, or the rows that came under its name. */
function subjectOf(drop: Drop, delivery: StoredDelivery['kind']): string {
  return delivery === 'replace' ? '' : `${drop.source}\u0000${drop.key}`
}

/** The drops whose parts make up the history after these decisions, in order of arrival. */
export function historyAfter(ingested: readonly Drop[], decisions: readonly DropDecision[]): readonly Part[] {
  const parts = new Map(ingested.map((drop) => [drop.id, { drop, part: drop.part }]))
  for (const decision of decisions) {
    const { drop } = decision
    if (decision.state === 'superseded') parts.delete(drop.id)
    else if (decision.state === 'ingested' && decision.reading.accepted) parts.set(drop.id, { drop, part: decision.reading.part })
  }
  return [...parts.values()].toSorted((a, b) => byArrival(a.drop, b.drop)).flatMap(({ part }) => (part === undefined ? [] : [part]))
}

/** Writes the decisions in the stage's own transaction. The caller holds the model's lock. */
export async function settleDrops(transaction: Transaction, clock: Clock, run: string, decisions: readonly DropDecision[]): Promise<void> {
  const at = clock.now()
  for (const decision of decisions) {
    const { drop, state } = decision
    const reason = reasonFor(decision)
    const part = partOf(decision)
    await transaction
      .updateTable('drops')
      .set({
        state: state satisfies DropState,
        reason: JSON.stringify(reason),
        superseded_by: decision.state === 'superseded' ? decision.by : null,
        run: drop.state === 'recorded' ? run : (drop.run ?? run),
        changed_at: at,
        ...(part === undefined ? {} : { part: JSON.stringify(part) }),
      })
      .where('id', '=', drop.id)
      .execute()
    if (decision.state === 'ingested' && decision.reading.accepted && decision.reading.profile !== undefined) await keepProfile(transaction, drop.id, decision.reading.profile)
    await appendEvent(transaction, { at, actor: 'refit', kind: eventOf[state], model: drop.model, run, data: { drop: drop.id, key: drop.key, ...reason, rows: part?.rows } })
  }
}

function partOf(decision: DropDecision): Part | undefined {
  if (decision.state === 'superseded') return decision.part
  return 'reading' in decision && decision.reading.accepted ? decision.reading.part : undefined
}

/** What is kept about the state that a drop comes into. */
export function reasonFor(decision: DropDecision): DropReason {
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

