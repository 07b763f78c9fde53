import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import type { StoredTarget } from '../define/notify.js'

/** How it stands with one target. */
export interface TargetStatus {
  readonly name: string
  readonly kind: string
  readonly on: StoredTarget['on']
  readonly models: readonly string[] | undefined
  /** Notifications that wait to be sent, or to be tried again. */
  readonly waiting: number
  /** Why the last try of one that waits did not succeed. */
  readonly failure: string | undefined
  /** How many were given up in the last week. */
  readonly givenUp: number
  readonly lastGivenUp: { readonly at: Date; readonly failure: string } | undefined
  readonly lastSentAt: Date | undefined
}

const WEEK_MS = 7 * 86_400_000

export async function statusOf(database: Database, target: StoredTarget, now: Date): Promise<TargetStatus> {
  const rows = database.selectFrom('notifications').where('target', '=', target.name)
  const recently = new Date(now.getTime() - WEEK_MS)
  const { waiting } = await rows.select(sql<number>`count(*)::integer`.as('waiting')).where('state', '=', 'waiting').executeTakeFirstOrThrow()
  const failed = await rows.select('failure').where('state', '=', 'waiting').where('failure', 'is not', null).orderBy('changed_at', 'desc').limit(1).executeTakeFirst()
  const { given_up } = await rows.select(sql<number>`count(*)::integer`.as('given_up')).where('state', '=', 'given-up').where('changed_at', '>', recently).executeTakeFirstOrThrow()
  const last = await rows.select(['changed_at', 'failure']).where('state', '=', 'given-up').where('changed_at', '>', recently).orderBy('changed_at', 'desc').limit(1).executeTakeFirst()
  const sent = await rows.select('changed_at').where('state', '=', 'sent').orderBy('changed_at', 'desc').limit(1).executeTakeFirst()
  return {
    name: target.name,
    kind: target.kind,
    on: target.on,
    models: target.models,
    waiting,
    failure: failed?.failure ?? undefined,
    givenUp: given_up,
    lastGivenUp: last === undefined ? undefined : { at: last.changed_at, failure: last.failure ?? '' },
    lastSentAt: sent?.changed_at,
  }
}
