import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database, Transaction, VersionState } from '../database/schema.js'
import { refitError } from '../errors.js'
import { appendEvent } from '../runs/event.js'
import { getChampion, requireUntainted } from './champion.js'
import { putIntoService, type IntoService } from './into-service.js'
import { lockModel } from './models.js'
import { DropOfLineage, getVersion } from './version.js'
import { withdrawnAmong } from './withdrawn-data.js'

export interface Answer {
  readonly run: string
  readonly actor: string
  readonly reason?: string | undefined
}

/** What a run leaves waiting. */
interface Awaiting {
  readonly model: string
  readonly run: string
  readonly version: number
}

/**
 * Approves the version that a run left waiting: it comes into service and the run ends `promoted`. A check on rows of a drop
 * that has been withdrawn since, or beside a champion that serves no more, says little: then it has to be said again
 * (`anyway`).
 * @throws RefitError `not-awaiting-approval`, `approval-outdated`, `approval-tainted`; `version-tainted` when a drop that it was made from has been withdrawn
 */
export async function approve(database: Database, clock: Clock, answer: Answer & { readonly anyway?: boolean }): Promise<IntoService> {
  return database.transaction().execute(async (transaction) => {
    const waiting = await awaiting(transaction, answer.run)
    const { model, version } = waiting
    await requireUntainted(transaction, await getVersion(transaction, model, version))
    if (answer.anyway !== true) {
      await requireCheckedOnPresentData(transaction, waiting)
      await requireComparedWithChampion(transaction, waiting)
    }
    const at = clock.now()
    await answered(transaction, waiting, { state: 'approved', outcome: 'promoted', explanation: `Version ${version} was approved by ${answer.actor}${because(answer)}.` })
    await appendEvent(transaction, { at, actor: answer.actor, kind: 'version.approved', model, run: answer.run, data: { version, reason: answer.reason, ...(answer.anyway === true ? { anyway: true } : {}) } })
    return putIntoService(transaction, at, { model, version, cause: 'approve', actor: answer.actor, reason: answer.reason, run: answer.run })
  })
}

/** A version that is made champion by force waits no longer: its run ends `promoted`. Does nothing if it does not wait. */
export async function answerByForce(transaction: Transaction, at: Date, { model, version, actor, reason }: { readonly model: string; readonly version: number; readonly actor: string; readonly reason?: string | undefined }): Promise<void> {
  const rows = await transaction.selectFrom('runs').select('id').where('model', '=', model).where('version', '=', version).where('outcome', '=', 'awaiting-approval').execute()
  for (const { id } of rows) {
    await answered(transaction, { model, run: id, version }, { state: 'approved', outcome: 'promoted', explanation: `Version ${version} was promoted by ${actor}, whatever its verdict${because({ run: id, actor, reason })}.` })
    await appendEvent(transaction, { at, actor, kind: 'version.approved', model, run: id, data: { version, reason, forced: true } })
  }
}

/** Declines it: the champion stays and the run ends `rejected`. @throws RefitError `not-awaiting-approval` */
export async function decline(database: Database, clock: Clock, answer: Answer): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const waiting = await awaiting(transaction, answer.run)
    const { model, version } = waiting
    await answered(transaction, waiting, { state: 'declined', outcome: 'rejected', explanation: `Version ${version} was declined by ${answer.actor}${because(answer)}.` })
    await appendEvent(transaction, { at: clock.now(), actor: answer.actor, kind: 'version.declined', model, run: answer.run, data: { version, reason: answer.reason } })
  })
}

/** A newer version makes older unanswered ones moot. */
export async function supersedeAwaiting(transaction: Transaction, at: Date, model: string, by: number): Promise<void> {
  const rows = await transaction.selectFrom('runs').select(['id', 'version']).where('model', '=', model).where('outcome', '=', 'awaiting-approval').where('version', '<', by).orderBy('number').execute()
  for (const { id, version } of rows) {
    if (version === null) continue
    const explanation = `Version ${version} was not approved before version ${by} came.`
    await answered(transaction, { model, run: id, version }, { state: 'superseded', outcome: 'superseded', explanation })
    await appendEvent(transaction, { at, actor: 'refit', kind: 'version.superseded', model, run: id, data: { version, by } })
  }
}

/** Ends what has waited for an answer longer than its definition lets it: the run ends `rejected`. Returns the runs. */
export async function expireAwaiting(database: Database, clock: Clock): Promise<readonly string[]> {
  const expires = sql<Date>`ended_at + (definition #>> '{approval,expiresAfter}')::double precision * interval '1 millisecond'`
  const due = await database.selectFrom('runs').select('id').where('outcome', '=', 'awaiting-approval').where(expires, '<=', clock.now()).execute()
  const expired: string[] = []
  for (const { id } of due) {
    const done = await database.transaction().execute(async (transaction) => {
      const waiting = await stillAwaiting(transaction, id)
      // Somebody has answered meanwhile.
      if (waiting === undefined) return false
      const { model, version } = waiting
      await answered(transaction, waiting, { state: 'expired', outcome: 'rejected', explanation: `Version ${version} was not approved in time: its approval has expired.` })
      await appendEvent(transaction, { at: clock.now(), actor: 'refit', kind: 'version.expired', model, run: id, data: { version } })
      return true
    })
    if (done) expired.push(id)
  }
  return expired
}

interface Answered {
  readonly state: VersionState
  readonly outcome: 'promoted' | 'rejected' | 'superseded'
  readonly explanation: string
}

async function answered(transaction: Transaction, { model, run, version }: Awaiting, { state, outcome, explanation }: Answered): Promise<void> {
  // An older version that is to serve again is none that waits: it stays what it was.
  await transaction.updateTable('versions').set({ state }).where('model', '=', model).where('number', '=', version).where('state', '=', 'awaiting-approval').execute()
  await transaction.updateTable('runs').set({ outcome, explanation }).where('id', '=', run).execute()
}

async function awaiting(transaction: Transaction, run: string): Promise<Awaiting> {
  const waiting = await stillAwaiting(transaction, run)
  if (waiting !== undefined) return waiting
  const found = await transaction.selectFrom('runs').select('outcome').where('id', '=', run).executeTakeFirst()
  if (found === undefined) throw refitError('not-found', { what: `run "${run}"` })
  throw refitError('not-awaiting-approval', { run, outcome: found.outcome ?? 'still running' })
}

async function stillAwaiting(transaction: Transaction, run: string): Promise<Awaiting | undefined> {
  const found = await transaction.selectFrom('runs').select('model').where('id', '=', run).executeTakeFirst()
  if (found === undefined) return undefined
  // First, as the newer version does that may be superseding this one.
  await lockModel(transaction, found.model)
  const row = await transaction.selectFrom('runs').select(['model', 'outcome', 'version']).where('id', '=', run).forUpdate().executeTakeFirstOrThrow()
  return row.outcome !== 'awaiting-approval' || row.version === null ? undefined : { model: row.model, run, version: row.version }
}

/** What a check leaves, as far as it names the champion it had before it. */
const Compared = Type.Object({ comparedWith: Type.Optional(Type.Integer()) })

/** What an ingest leaves, as far as it names the drops that the run trained or checked on. */
const Ingested = Type.Object({ history: Type.Optional(Type.Array(DropOfLineage)) })

/**
 * A version that was brought, or is older, was made from other drops than those that it was checked on.
 * @throws RefitError `approval-tainted`
 */
async function requireCheckedOnPresentData(transaction: Transaction, { run, version }: Awaiting): Promise<void> {
  const stage = await transaction.selectFrom('stages').select('result').where('run', '=', run).where('name', '=', 'ingest').executeTakeFirst()
  const { history = [] } = Value.Parse(Ingested, stage?.result ?? {})
  const drops = await withdrawnAmong(transaction, history)
  if (drops.length > 0) throw refitError('approval-tainted', { version, drops: drops.join(', ') })
}

/** @throws RefitError `approval-outdated` */
async function requireComparedWithChampion(transaction: Transaction, { model, run, version }: Awaiting): Promise<void> {
  const stage = await transaction.selectFrom('stages').select('result').where('run', '=', run).where('name', '=', 'check').executeTakeFirst()
  const { comparedWith } = Value.Parse(Compared, stage?.result ?? {})
  const champion = (await getChampion(transaction, model))?.version
  const named = (number: number | undefined): string => (number === undefined ? 'no champion' : `version ${number}`)
  if (champion !== comparedWith) throw refitError('approval-outdated', { version, compared: named(comparedWith), champion: named(champion) })
}

function because(answer: Answer): string {
  return answer.reason === undefined ? '' : `: ${answer.reason}`
}
