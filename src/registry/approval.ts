import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { refitError } from '../errors.js'
import { appendEvent } from '../runs/event.js'
import { moveChampion, requireUntainted, type Champion } from './champion.js'
import { lockModel } from './models.js'
import { getVersion } from './version.js'

export interface Answer {
  readonly run: string
  readonly actor: string
  readonly reason?: string | undefined
}

/**
 * Approves the version that a run left waiting: it becomes champion and the run ends `promoted`.
 * @throws RefitError `not-awaiting-approval`; `version-tainted` when a drop that it was made from has been withdrawn
 */
export async function approve(database: Database, clock: Clock, answer: Answer): Promise<Champion> {
  return database.transaction().execute(async (transaction) => {
    const { model, version } = await awaiting(transaction, answer.run)
    await requireUntainted(transaction, await getVersion(transaction, model, version))
    const at = clock.now()
    await transaction.updateTable('versions').set({ state: 'approved' }).where('model', '=', model).where('number', '=', version).execute()
    await transaction
      .updateTable('runs')
      .set({ outcome: 'promoted', explanation: `Version ${version} was approved by ${answer.actor}${because(answer)}.` })
      .where('id', '=', answer.run)
      .execute()
    await appendEvent(transaction, { at, actor: answer.actor, kind: 'version.approved', model, run: answer.run, data: { version, reason: answer.reason } })
    return moveChampion(transaction, at, { model, version, cause: 'approve', actor: answer.actor, reason: answer.reason, run: answer.run })
  })
}

/** Declines it: the champion stays and the run ends `rejected`. @throws RefitError `not-awaiting-approval` */
export async function decline(database: Database, clock: Clock, answer: Answer): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { model, version } = await awaiting(transaction, answer.run)
    const at = clock.now()
    await transaction.updateTable('versions').set({ state: 'declined' }).where('model', '=', model).where('number', '=', version).execute()
    await transaction
      .updateTable('runs')
      .set({ outcome: 'rejected', explanation: `Version ${version} was declined by ${answer.actor}${because(answer)}.` })
      .where('id', '=', answer.run)
      .execute()
    await appendEvent(transaction, { at, actor: answer.actor, kind: 'version.declined', model, run: answer.run, data: { version, reason: answer.reason } })
  })
}

/** A newer version makes older unanswered ones moot. */
export async function supersedeAwaiting(transaction: Transaction, at: Date, model: string, by: number): Promise<void> {
  const rows = await transaction
    .updateTable('versions')
    .set({ state: 'superseded' })
    .where('model', '=', model)
    .where('state', '=', 'awaiting-approval')
    .where('number', '<', by)
    .returning(['number', 'run'])
    .execute()
  for (const row of rows) {
    if (row.run !== null) {
      await transaction
        .updateTable('runs')
        .set({ outcome: 'superseded', explanation: `Version ${row.number} was not approved before version ${by} came.` })
        .where('id', '=', row.run)
        .execute()
    }
    await appendEvent(transaction, { at, actor: 'refit', kind: 'version.superseded', model, run: row.run ?? undefined, data: { version: row.number, by } })
  }
}

async function awaiting(transaction: Transaction, run: string): Promise<{ model: string; version: number }> {
  const found = await transaction.selectFrom('runs').select('model').where('id', '=', run).executeTakeFirst()
  if (found === undefined) throw refitError('not-found', { what: `run "${run}"` })
  // First, as the newer version does that may be superseding this one.
  await lockModel(transaction, found.model)
  const row = await transaction.selectFrom('runs').select(['model', 'outcome', 'version']).where('id', '=', run).forUpdate().executeTakeFirstOrThrow()
  if (row.outcome !== 'awaiting-approval' || row.version === null) throw refitError('not-awaiting-approval', { run, outcome: row.outcome ?? 'still running' })
  return { model: row.model, version: row.version }
}

function because(answer: Answer): string {
  return answer.reason === undefined ? '' : `: ${answer.reason}`
}
