import { sql } from 'kysely'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'
import { refitError } from '../errors.js'

/** Kinds of events, as `subject.what-happened`. */
export type EventKind =
  | 'model.defined'
  | 'model.removed'
  | 'model.retired'
  | 'model.unretired'
  | 'drop.recorded'
  | 'drop.ingested'
  | 'drop.quarantined'
  | 'drop.discarded'
  | 'drop.superseded'
  | 'contract.accepted'
  | 'drop.released'
  | 'drop.withdrawn'
  | 'drop.restored'
  | 'drop.overdue'
  | 'run.requested'
  | 'run.coalesced'
  | 'run.started'
  | 'run.resumed'
  | 'run.cancel-requested'
  | 'run.ended'
  | 'stage.started'
  | 'stage.finished'
  | 'stage.failed'
  | 'model.below-standard'
  | 'model.meets-standard'
  | 'version.created'
  | 'version.approved'
  | 'version.declined'
  | 'version.superseded'
  | 'version.expired'
  | 'champion.moved'
  | 'rollout.started'
  | 'rollout.step'
  | 'rollout.waiting'
  | 'rollout.paused'
  | 'rollout.resumed'
  | 'rollout.live'
  | 'rollout.rolled-back'
  | 'rollout.aborted'
  | 'batch.requested'
  | 'batch.ended'
  | 'client.recorded'
  | 'client.forgotten'
  | 'schedule.fired'
  | 'schedule.missed'
  | 'source.failed'
  | 'source.recovered'
  | 'source.waiting'
  | 'notification.failed'
  | 'source.refused'

/** Something that happened: never changed, never removed. */
export interface NewEvent {
  readonly at: Date
  /** Who caused it: `schedule`, `arrival`, `cli:<user>`, `token:<name>`, `refit`. */
  readonly actor: string
  readonly kind: EventKind
  readonly model?: string | undefined
  readonly run?: string | undefined
  readonly data?: Readonly<Record<string, unknown>>
}

export const RecordedEvent = Type.Object({
  /** Opaque; pass it to read what came after. */
  cursor: Type.String(),
  at: Type.String(),
  actor: Type.String(),
  kind: Type.String(),
  model: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
  data: Type.Record(Type.String(), Type.Unknown()),
})
export type RecordedEvent = Static<typeof RecordedEvent>

/** The channel that hints at new events. */
export const EVENTS_CHANNEL = 'refit_events'

/** Appends an event in the caller's transaction and hints listeners at its commit. */
export async function appendEvent(database: Database, event: NewEvent): Promise<void> {
  await database
    .insertInto('events')
    .values({
      at: event.at,
      actor: event.actor,
      kind: event.kind,
      model: event.model ?? null,
      run: event.run ?? null,
      data: JSON.stringify(event.data ?? {}),
    })
    .execute()
  await sql`select pg_notify(${EVENTS_CHANNEL}, '')`.execute(database)
}

/** Which events to read: all, a model's, or a run's; those after a cursor. */
export interface EventQuery {
  readonly after?: string | undefined
  readonly model?: string | undefined
  readonly run?: string | undefined
  /** Of these kinds only. */
  readonly kinds?: readonly string[] | undefined
  readonly limit: number
}

/**
 * Reads events in the order of their commits, as far as that order is final: a transaction still in progress holds
 * back what began after it, so that a reader who goes on from the last cursor misses nothing.
 * @throws RefitError `request-invalid` for a cursor that is none
 */
export async function readEvents(database: Database, query: EventQuery): Promise<readonly RecordedEvent[]> {
  let select = events(database)
    .where(sql<boolean>`transaction < pg_snapshot_xmin(pg_current_snapshot())`)
    .limit(query.limit)
  if (query.model !== undefined) select = select.where('model', '=', query.model)
  if (query.run !== undefined) select = select.where('run', '=', query.run)
  if (query.kinds !== undefined) select = select.where('kind', 'in', query.kinds)
  if (query.after !== undefined) {
    const { transaction, id } = parseCursor(query.after)
    select = select.where(sql<boolean>`(transaction, id) > (${transaction}::text::xid8, ${id}::bigint)`)
  }
  return (await select.execute()).map(eventFromRow)
}

function events(database: Database) {
  return database
    .selectFrom('events')
    .select(['id', sql<string>`transaction::text`.as('transaction_text'), 'at', 'actor', 'kind', 'model', 'run', 'data'])
    .orderBy('transaction')
    .orderBy('id')
}

type EventRow = Awaited<ReturnType<ReturnType<typeof events>['execute']>>[number]

function eventFromRow(row: EventRow): RecordedEvent {
  return {
    cursor: `${row.transaction_text}-${row.id}`,
    at: row.at.toISOString(),
    actor: row.actor,
    kind: row.kind,
    ...(row.model === null ? {} : { model: row.model }),
    ...(row.run === null ? {} : { run: row.run }),
    data: Value.Parse(RecordedEvent.properties.data, row.data),
  }
}

/** What happened to one drop, in order. */
export async function eventsOfDrop(database: Database, drop: string): Promise<readonly RecordedEvent[]> {
  const rows = await events(database).where(sql<string>`data ->> 'drop'`, '=', drop).execute()
  return rows.map(eventFromRow)
}

/** The cursor after which everything is still to come; undefined while nothing has happened. */
export async function latestCursor(database: Database): Promise<string | undefined> {
  const last = await database
    .selectFrom('events')
    .select(['id', sql<string>`transaction::text`.as('transaction_text')])
    .where(sql<boolean>`transaction < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('transaction', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last === undefined ? undefined : `${last.transaction_text}-${last.id}`
}

function parseCursor(cursor: string): { transaction: string; id: string } {
  const match = /^(\d{1,20})-(\d{1,19})$/.exec(cursor)
  if (match?.[1] === undefined || match[2] === undefined) throw refitError('request-invalid', { reason: `"${cursor}" is not a cursor of events` })
  return { transaction: match[1], id: match[2] }
}
