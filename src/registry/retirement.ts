import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { RefitError, refitError } from '../errors.js'
import { appendEvent } from '../runs/event.js'
import { requestCancel, requestCancelIn } from '../runs/requests.js'
import { retirementFrom, type Retirement } from '../runs/retired.js'
import { CHAMPIONS_CHANNEL } from './champions-channel.js'
import { getModel, lockModel } from './models.js'
import { abortRollout } from './rollout.js'

export interface RetirementRequest {
  readonly model: string
  readonly actor: string
  readonly reason: string
}

/** A model whose endpoint says since when, and why, it answers no more. */
export interface RetiredModel extends Retirement {
  readonly model: string
}

/**
 * Ends a model's life: what waits or runs is cancelled, nothing starts any more, and its endpoint says so. Versions and
 * history stay. Returns the runs that it ends.
 * @throws RefitError `not-found`, `model-retired` when it is already, `reason-required`
 */
export async function retireModel(database: Database, clock: Clock, { model, actor, reason }: RetirementRequest): Promise<readonly string[]> {
  requireReason('retire', reason)
  const open = await database.transaction().execute(async (transaction) => {
    await lockModel(transaction, model)
    await getModel(transaction, model, 'in life')
    const at = clock.now()
    await transaction.updateTable('models').set({ retired_at: at, retired_by: actor, retired_reason: reason }).where('name', '=', model).execute()
    await appendEvent(transaction, { at, actor, kind: 'model.retired', model, data: { reason } })
    await abortRollout(transaction, at, model, { actor, because: `${model} was retired.` })
    const runs = await transaction.selectFrom('runs').select(['id', 'state']).where('model', '=', model).where('state', 'in', ['waiting', 'active']).orderBy('number').execute()
    for (const { id, state } of runs) if (state === 'waiting') await requestCancelIn(transaction, clock, id, actor)
    await tellServing(transaction, model)
    return runs
  })
  // Not while the model is locked: the run's row comes first, as in its stages. Should we die here, its deployment is refused.
  for (const { id, state } of open) if (state === 'active') await cancelUnlessEnded(database, clock, id, actor)
  return open.map(({ id }) => id)
}

async function cancelUnlessEnded(database: Database, clock: Clock, run: string, actor: string): Promise<void> {
  await requestCancel(database, clock, run, actor).catch((error: unknown) => {
    if (!(error instanceof RefitError && error.code === 'conflict')) throw error
  })
}

/** Takes a retirement back: the champion of before serves again, and sources are watched. @throws RefitError `not-found`, `not-retired`, `reason-required` */
export async function unretireModel(database: Database, clock: Clock, { model, actor, reason }: RetirementRequest): Promise<void> {
  requireReason('retire --undo', reason)
  await database.transaction().execute(async (transaction) => {
    await lockModel(transaction, model)
    if ((await getModel(transaction, model)).retired === undefined) throw refitError('not-retired', { model })
    await transaction.updateTable('models').set({ retired_at: null, retired_by: null, retired_reason: null }).where('name', '=', model).execute()
    await appendEvent(transaction, { at: clock.now(), actor, kind: 'model.unretired', model, data: { reason } })
    await tellServing(transaction, model)
  })
}

/** All of them, by name: also those that the project file does not name any more. */
export async function retiredModels(database: Database): Promise<readonly RetiredModel[]> {
  const rows = await database.selectFrom('models').select(['name', 'retired_at', 'retired_by', 'retired_reason']).where('retired_at', 'is not', null).orderBy('name').execute()
  return rows.flatMap(({ name, ...row }) => {
    const retirement = retirementFrom(row)
    return retirement === undefined ? [] : [{ model: name, ...retirement }]
  })
}

async function tellServing(database: Database, model: string): Promise<void> {
  await sql`select pg_notify(${CHAMPIONS_CHANNEL}, ${model})`.execute(database)
}

function requireReason(action: string, reason: string): void {
  if (reason.trim() === '') throw refitError('reason-required', { action })
}
