import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { refitError } from '../errors.js'
import { appendEvent } from './event.js'
import type { Offer } from './offer.js'
import { refuseRetired } from './retired.js'
import { runFromRow, type Cause, type Run } from './run.js'

/** The channel that hints at runs to start or to cancel. */
export const RUNS_CHANNEL = 'refit_runs'

export interface RunRequest {
  readonly model: string
  readonly cause: Omit<Cause, 'at'>
  /** Run even if nothing has changed since the last verdict. */
  readonly force?: boolean
  /** Check this candidate instead of training one. Each offer is a run of its own. */
  readonly offer?: Offer
}

/**
 * Asks for a run. At most one run of a model waits to train: a further request falls into it. Offers wait each by itself.
 * @throws RefitError `not-found` for a model that is not in the project, `model-retired`
 */
export async function requestRun(database: Database, clock: Clock, request: RunRequest): Promise<{ run: Run; coalesced: boolean }> {
  return database.transaction().execute((transaction) => requestRunIn(transaction, clock, request))
}

/** Like `requestRun`, in the caller's transaction. */
export async function requestRunIn(
  transaction: Transaction,
  clock: Clock,
  { model, cause, force = false, offer }: RunRequest,
): Promise<{ run: Run; coalesced: boolean }> {
  const at = clock.now()
  const timed: Cause = { ...cause, at: at.toISOString() }
  // The model's row is the lock that orders requests, drops and versions of one model.
  const found = await transaction.selectFrom('models').select(['name', 'present', 'retired_at', 'retired_by', 'retired_reason']).where('name', '=', model).forUpdate().executeTakeFirst()
  if (found === undefined || !found.present) throw refitError('not-found', { what: `model "${model}"` })
  refuseRetired(model, found)
  // Locked, so that no request falls into a run that is being cancelled.
  const trainings = transaction.selectFrom('runs').selectAll().where('model', '=', model).where('state', '=', 'waiting').where('offer', 'is', null)
  const waiting = offer === undefined ? await trainings.forUpdate().executeTakeFirst() : undefined
  if (waiting !== undefined) {
    const causes = [...runFromRow(waiting).causes, timed].slice(-20)
    const merged = await transaction
      .updateTable('runs')
      .set({ causes: JSON.stringify(causes), force: waiting.force || force })
      .where('id', '=', waiting.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    await appendEvent(transaction, { at, actor: cause.actor, kind: 'run.coalesced', model, run: waiting.id, data: { trigger: cause.trigger } })
    return { run: runFromRow(merged), coalesced: true }
  }
  const { number } = await transaction
    .updateTable('models')
    .set({ next_run: sql`next_run + 1` })
    .where('name', '=', model)
    .returning(sql<number>`next_run - 1`.as('number'))
    .executeTakeFirstOrThrow()
  const row = await transaction
    .insertInto('runs')
    .values({ id: `${model}-${number}`, model, number, state: 'waiting', outcome: null, causes: JSON.stringify([timed]), force, offer: offer === undefined ? null : JSON.stringify(offer), created_at: at, snapshot: null, fingerprint: null, candidate: null, version: null, explanation: null })
    .returningAll()
    .executeTakeFirstOrThrow()
  await appendEvent(transaction, { at, actor: cause.actor, kind: 'run.requested', model, run: row.id, data: { trigger: cause.trigger, detail: cause.detail } })
  await sql`select pg_notify(${RUNS_CHANNEL}, ${row.id})`.execute(transaction)
  return { run: runFromRow(row), coalesced: false }
}

/**
 * Asks to end a run: at once if it waits, else as soon as its worker hears of it. Ended runs stay as they are.
 * @throws RefitError `not-found`, `conflict` when it has ended
 */
export async function requestCancel(database: Database, clock: Clock, id: string, actor: string): Promise<Run> {
  return database.transaction().execute((transaction) => requestCancelIn(transaction, clock, id, actor))
}

/** Like `requestCancel`, in the caller's transaction. */
export async function requestCancelIn(transaction: Transaction, clock: Clock, id: string, actor: string): Promise<Run> {
  const row = await transaction.selectFrom('runs').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: `run "${id}"` })
  if (row.state === 'ended') throw refitError('conflict', { reason: `Run ${id} has ended already (${row.outcome ?? 'no outcome'}).` })
  const at = clock.now()
  const change =
    row.state === 'waiting'
      ? ({ state: 'ended', outcome: 'cancelled', ended_at: at, cancel_requested: true, explanation: `Cancelled by ${actor} before it started.` } as const)
      : ({ cancel_requested: true } as const)
  const changed = await transaction.updateTable('runs').set(change).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  await appendEvent(transaction, { at, actor, kind: row.state === 'waiting' ? 'run.ended' : 'run.cancel-requested', model: row.model, run: id, data: { outcome: changed.outcome } })
  await sql`select pg_notify(${RUNS_CHANNEL}, ${id})`.execute(transaction)
  return runFromRow(changed)
}
