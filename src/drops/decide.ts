import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { isWaivable } from '../data/drop-faults.js'
import { refitError } from '../errors.js'
import { getModel, lockModel } from '../registry/models.js'
import { appendEvent } from '../runs/event.js'
import { requestCancel } from '../runs/requests.js'
import { byArrival, type Drop, type HandDecision } from './drop.js'
import { getDrop } from './queries.js'
import { returnSuperseded } from './return.js'
import { consequenceOf, transitions, type DecisionKind } from './transitions.js'
import { repair, seenBy, type Withdrawal } from './withdrawal.js'

export interface DecisionRequest {
  readonly kind: DecisionKind
  /** Ids, of one model. */
  readonly drops: readonly string[]
  readonly reason: string
  readonly actor: string
  /** A withdrawal also repairs what was made from the drops. */
  readonly repair?: boolean
}

export interface Decided {
  /** As they are now. */
  readonly drops: readonly Drop[]
  /** Drops that a withdrawn one had superseded and that stand again, with what became of them. */
  readonly returned: readonly Drop[]
  readonly withdrawal: Withdrawal | undefined
}

/**
 * Carries out what someone decided about drops: about all of them or, when it is refused for one, about none. A drop
 * that stands there already stays as it is.
 * @throws RefitError `reason-required`, `drop-unknown`, `drops-of-several-models`, `drop-decision-refused`, `drop-not-releasable`
 */
export async function decideByHand(database: Database, clock: Clock, request: DecisionRequest): Promise<Decided> {
  const { kind, actor, reason } = request
  if (reason.trim() === '') throw refitError('reason-required', { action: `drops ${kind}` })
  const decided = await database.transaction().execute(async (transaction): Promise<Decided> => {
    const ids = (await Promise.all([...new Set(request.drops)].map((id) => getDrop(transaction, id)))).toSorted(byArrival)
    const model = onlyModelOf(ids)
    await lockModel(transaction, model)
    const returned = new Set<string>()
    for (const { id } of ids) {
      // As it is at its turn: the withdrawal of one may bring another back.
      const drop = await getDrop(transaction, id)
      if (!(await move(transaction, clock.now(), drop, request)) || kind !== 'withdraw') continue
      const { definition } = await getModel(transaction, model)
      for (const other of await returnSuperseded(transaction, clock.now(), drop, definition.delivery?.kind, { actor, reason })) returned.add(other)
    }
    const withdrawn = ids.map(({ id }) => id)
    const seen = kind === 'withdraw' ? await seenBy(transaction, model, withdrawn) : undefined
    return {
      withdrawal: seen === undefined || request.repair !== true ? seen : await repair(transaction, clock, model, seen, { actor, reason, drops: withdrawn }),
      drops: await Promise.all(withdrawn.map((id) => getDrop(transaction, id))),
      returned: await Promise.all([...returned].filter((id) => !withdrawn.includes(id)).map((id) => getDrop(transaction, id))),
    }
  })
  const cancels = decided.withdrawal?.repair.cancels
  // Not in the transaction: who holds the row of an active run waits for the model's. Should it not come to this, the run
  // ends without promotion all the same, for its deployment looks for withdrawn drops.
  if (request.repair === true && cancels !== undefined) await cancelIfActive(database, clock, cancels, actor)
  return decided
}

function onlyModelOf(drops: readonly Drop[]): string {
  const models = [...new Set(drops.map(({ model }) => model))]
  const [only] = models
  if (only === undefined || models.length > 1) throw refitError('drops-of-several-models', { models: models.join(', ') || 'none' })
  return only
}

/** Moves one drop; false when it stands there already. */
async function move(transaction: Transaction, at: Date, drop: Drop, { kind, actor, reason }: DecisionRequest): Promise<boolean> {
  const { to, event, done } = transitions[kind]
  switch (consequenceOf(kind, drop)) {
    case 'stands':
      return false
    case 'refused':
      throw refitError('drop-decision-refused', { drop: drop.id, done, state: drop.state })
    case 'moves':
  }
  const blocking = kind === 'release' ? (drop.reason.faults ?? []).filter(({ code }) => !isWaivable(code)) : []
  if (blocking.length > 0) throw refitError('drop-not-releasable', { drop: drop.id, faults: blocking.map(({ message }) => message).join(' ') })
  const decision: HandDecision = { kind, actor, at: at.toISOString(), reason }
  await transaction
    .updateTable('drops')
    .set({
      state: to,
      decision: JSON.stringify(decision),
      reason: JSON.stringify({ summary: `${done[0]?.toUpperCase() ?? ''}${done.slice(1)} by ${actor}: ${reason}` }),
      superseded_by: null,
      changed_at: at,
      ...(kind === 'release' ? { released: true } : {}),
      // What is to be read again has no part of its own until then.
      ...(to === 'recorded' ? { part: null } : {}),
    })
    .where('id', '=', drop.id)
    .execute()
  await appendEvent(transaction, { at, actor, kind: event, model: drop.model, data: { drop: drop.id, key: drop.key, reason } })
  return true
}

async function cancelIfActive(database: Database, clock: Clock, run: string, actor: string): Promise<void> {
  const { state, cancel_requested } = await database.selectFrom('runs').select(['state', 'cancel_requested']).where('id', '=', run).executeTakeFirstOrThrow()
  if (state !== 'ended' && !cancel_requested) await requestCancel(database, clock, run, actor)
}
