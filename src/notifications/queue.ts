import { sql } from 'kysely'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { appendEvent, latestCursor } from '../runs/event.js'
import { LONGEST_WAIT_MS } from './back-off.js'
import { Message } from './message.js'

/** A notification that is to be sent now, by whoever took it. */
export interface TakenNotification {
  readonly message: Message
  /** Tries so far, with the one that begins now. */
  readonly tries: number
  readonly createdAt: Date
}

/** A cursor before every event. */
const BEFORE_ALL = '0-0'

/**
 * Brings what waits in line with the targets of the project. Who is told for the first time is told of nothing that
 * happened before; what waits for a target that is gone is dropped; and all that waits is tried at once, for an address
 * may have been mended.
 */
export async function beginNotifying(database: Database, clock: Clock, targets: readonly string[]): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const now = clock.now()
    if (targets.length === 0) await transaction.deleteFrom('notification_cursor').execute()
    else {
      const cursor = (await latestCursor(transaction)) ?? BEFORE_ALL
      await transaction.insertInto('notification_cursor').values({ cursor }).onConflict((conflict) => conflict.doNothing()).execute()
    }
    const gone = transaction.updateTable('notifications').set({ state: 'dropped', changed_at: now }).where('state', '=', 'waiting')
    await (targets.length === 0 ? gone : gone.where('target', 'not in', targets)).execute()
    await transaction.updateTable('notifications').set({ next_try: now }).where('state', '=', 'waiting').execute()
  })
}

/**
 * Takes the notification of a target that is due longest. Nobody else takes it within `lease` milliseconds; whoever
 * dies meanwhile leaves it to be sent again, under its id.
 */
export async function takeDue(database: Database, clock: Clock, target: string, lease: number): Promise<TakenNotification | undefined> {
  const now = clock.now()
  const row = await database
    .updateTable('notifications')
    .set({ tries: sql`tries + 1`, next_try: new Date(now.getTime() + lease) })
    .where('id', '=', (select) =>
      select
        .selectFrom('notifications')
        .select('id')
        .where('target', '=', target)
        .where('state', '=', 'waiting')
        // A time that lies further ahead than any wait comes from a wrong clock.
        .where((where) => where.or([where('next_try', '<=', now), where('next_try', '>', new Date(now.getTime() + LONGEST_WAIT_MS + lease))]))
        .orderBy('next_try')
        .orderBy('created_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returning(['message', 'tries', 'created_at'])
    .executeTakeFirst()
  return row === undefined ? undefined : { message: Value.Parse(Message, row.message), tries: row.tries, createdAt: row.created_at }
}

/** Milliseconds until the next notification of a target is due; undefined when none waits. */
export async function untilDue(database: Database, clock: Clock, target: string): Promise<number | undefined> {
  const row = await database
    .selectFrom('notifications')
    .select((select) => select.fn.min('next_try').as('next'))
    .where('target', '=', target)
    .where('state', '=', 'waiting')
    .executeTakeFirst()
  return row?.next == null ? undefined : Math.max(row.next.getTime() - clock.now().getTime(), 0)
}

export async function noteSent(database: Database, clock: Clock, { message, tries }: TakenNotification): Promise<void> {
  await database
    .updateTable('notifications')
    .set({ state: 'sent', failure: null, changed_at: clock.now() })
    .where('id', '=', message.id)
    .where('tries', '=', tries)
    .execute()
}

/** The receiver is back: what it has missed need not wait any longer. */
export async function hasten(database: Database, clock: Clock, target: string): Promise<void> {
  await database.updateTable('notifications').set({ next_try: clock.now() }).where('target', '=', target).where('state', '=', 'waiting').where('failure', 'is not', null).execute()
}

/** Notes that a try has failed, and when the next one is. */
export async function noteFailed(database: Database, clock: Clock, { message, tries }: TakenNotification, failure: string, wait: number): Promise<void> {
  const now = clock.now()
  await database
    .updateTable('notifications')
    .set({ failure, next_try: new Date(now.getTime() + wait), changed_at: now })
    .where('id', '=', message.id)
    .where('tries', '=', tries)
    .where('state', '=', 'waiting')
    .execute()
}

/** Notes that it will not be tried again, with an event that says so. */
export async function noteGivenUp(database: Database, clock: Clock, target: string, { message, tries }: TakenNotification, failure: string): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const at = clock.now()
    const { numUpdatedRows } = await transaction
      .updateTable('notifications')
      .set({ state: 'given-up', failure, changed_at: at })
      .where('id', '=', message.id)
      .where('tries', '=', tries)
      .where('state', '=', 'waiting')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    const data = { target, notification: message.id, about: message.kind, summary: message.summary, message: failure, tries }
    await appendEvent(transaction, { at, actor: 'refit', kind: 'notification.failed', model: message.model, run: message.run, data })
  })
}
