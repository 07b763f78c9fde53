import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import type { StoredTarget } from '../define/notify.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import { latestCursor, readEvents, type RecordedEvent } from '../runs/event.js'
import { factsOf, happeningOf, toldEvents } from './happening.js'
import type { Message } from './message.js'
import { rejectedInARow } from './rejections.js'
import { wordsFor } from './wording.js'

export interface FollowOptions {
  readonly database: Database
  readonly clock: Clock
  /** Name of the project, for the reader. */
  readonly project: string
  readonly targets: readonly StoredTarget[]
  /** Called when there is something to send. */
  readonly onNews: () => void
  readonly log: { error(message: string): void }
}

/** Hints may come before the event can be read, and get lost. */
const LOOK_EVERY_MS = 1000
const PAGE = 200

/** Looks through the event log until stopped, and writes down who is to be told of what. */
export function startFollowing(options: FollowOptions): HintedLoop {
  const look = async (stopped: AbortSignal): Promise<number> => {
    try {
      return (await followOnce(options)) ? 0 : LOOK_EVERY_MS
    } catch (error) {
      if (!isOutage(error) && !stopped.aborted) options.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      return LOOK_EVERY_MS
    }
  }
  return startHintedLoop(options.clock, look)
}

/**
 * Looks at the events after the cursor. Notifications are inserted with the cursor's move in one transaction, and it
 * moves only from where it was read: whatever else looks through the log at the same time, each is written once.
 * Returns whether there may be more.
 */
async function followOnce({ database, clock, project, targets, onNews }: FollowOptions): Promise<boolean> {
  const { cursor } = await database.selectFrom('notification_cursor').select('cursor').executeTakeFirstOrThrow()
  const newest = await latestCursor(database)
  const events = await readEvents(database, { after: cursor, kinds: toldEvents, limit: PAGE })
  const next = events.at(-1)?.cursor ?? newest
  if (next === undefined || next === cursor) return false
  const told = (await Promise.all(events.map((event) => notificationsOf(database, project, targets, event)))).flat()
  const now = clock.now()
  const moved = await database.transaction().execute(async (transaction) => {
    // Without news it is no loss when the move is: those events would be looked at once more.
    if (told.length === 0) await sql`set local synchronous_commit = off`.execute(transaction)
    const { numUpdatedRows } = await transaction.updateTable('notification_cursor').set({ cursor: next }).where('cursor', '=', cursor).executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    if (told.length > 0) {
      const rows = told.map(({ target, event, message }) => ({ id: message.id, target, event, message: JSON.stringify(message), state: 'waiting' as const, next_try: now, created_at: now, changed_at: now }))
      await transaction.insertInto('notifications').values(rows).onConflict((conflict) => conflict.columns(['target', 'event']).doNothing()).execute()
    }
    return true
  })
  if (moved && told.length > 0) onNews()
  return !moved || events.length === PAGE
}

interface NewNotification {
  readonly target: string
  readonly event: string
  readonly message: Message
}

async function notificationsOf(database: Database, project: string, targets: readonly StoredTarget[], event: RecordedEvent): Promise<readonly NewNotification[]> {
  const { model, run, actor, at } = event
  const kind = happeningOf(event)
  if (kind === undefined || model === undefined) return []
  const interested = targets.filter(({ on, models }) => on.includes(kind) && (models === undefined || models.includes(model)))
  if (interested.length === 0) return []
  const rejections = kind === 'rejected-in-a-row' ? await rejectedInARow(database, model, event.cursor) : 0
  const addressed = kind === 'rejected-in-a-row' ? interested.filter(({ rejectedInARow: every }) => rejections > 0 && rejections % every === 0) : interested
  const facts = factsOf(event)
  const version = facts.version ?? (await versionOf(database, run))
  const words = wordsFor({ kind, model, run, actor, rejections, facts: version === undefined ? facts : { ...facts, version } })
  return addressed.map(({ name }) => ({
    target: name,
    event: event.cursor,
    message: {
      formatVersion: 1,
      id: randomUUID(),
      kind,
      at,
      project,
      model,
      ...(run === undefined ? {} : { run }),
      ...(version === undefined ? {} : { version }),
      ...(facts.drop === undefined ? {} : { drop: facts.drop }),
      actor,
      ...words,
    },
  }))
}

/** The version that a run has made. */
async function versionOf(database: Database, run: string | undefined): Promise<number | undefined> {
  if (run === undefined) return undefined
  const row = await database.selectFrom('runs').select('version').where('id', '=', run).executeTakeFirst()
  return row?.version ?? undefined
}
