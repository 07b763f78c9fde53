import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import type { StoredTarget } from '../define/notify.js'
import { refitError } from '../errors.js'
import { startFollowing } from './follow.js'
import type { Message } from './message.js'
import type { Delivery, Notifier } from './notifier.js'
import { beginNotifying } from './queue.js'
import { startSending, tryToSend } from './send.js'
import { statusOf, type TargetStatus } from './status.js'

export interface NotificationOptions {
  readonly database: Database
  readonly clock: Clock
  /** Name of the project, for the reader. */
  readonly project: string
  readonly targets: readonly StoredTarget[]
  /** Opens the way to a target; the composition root knows the adapters. */
  readonly openNotifier: (target: StoredTarget) => Notifier
  /** Address of the control server, once it is known. */
  readonly url: () => string | undefined
  readonly log: { warn(message: string): void; error(message: string): void }
}

/** What became of a message sent as a trial. */
export interface TestedTarget {
  readonly target: string
  readonly kind: string
  readonly delivery: Delivery
}

/** Those whom the project tells. */
export interface Notifications {
  /** There may be news. */
  hint(): void
  targets(): Promise<readonly TargetStatus[]>
  /** Sends a message to one target, or to each, at once and only once. @throws RefitError `not-found` */
  test(actor: string, name?: string): Promise<readonly TestedTarget[]>
  stop(): Promise<void>
}

/** Tells the targets of a project what happens, until stopped: one loop looks through the event log, and one a target sends. */
export async function startNotifications({ database, clock, project, targets, openNotifier, url, log }: NotificationOptions): Promise<Notifications> {
  await beginNotifying(database, clock, targets.map(({ name }) => name))
  const ways = targets.map((target) => ({ database, clock, target, notifier: openNotifier(target), url, log }))
  const stopped = new AbortController()
  const senders = ways.map(startSending)
  const onNews = (): void => {
    for (const sender of senders) sender.hint()
  }
  const follower = targets.length === 0 ? undefined : startFollowing({ database, clock, project, targets, onNews, log })
  return {
    hint: () => follower?.hint(),
    targets: () => Promise.all(targets.map((target) => statusOf(database, target, clock.now()))),
    test: async (actor, name) => {
      const chosen = ways.filter(({ target }) => name === undefined || target.name === name)
      if (name !== undefined && chosen.length === 0) throw refitError('not-found', { what: `target "${name}"` })
      return Promise.all(
        chosen.map(async (way) => {
          const message = testMessage(project, actor, clock.now())
          return { target: way.target.name, kind: way.target.kind, delivery: await tryToSend(way, message, stopped.signal) }
        }),
      )
    },
    stop: async () => {
      stopped.abort()
      await follower?.stop()
      await Promise.all(senders.map((sender) => sender.stop()))
    },
  }
}

function testMessage(project: string, actor: string, now: Date): Message {
  return {
    formatVersion: 1,
    id: randomUUID(),
    kind: 'test',
    at: now.toISOString(),
    project,
    actor,
    summary: 'a test message',
    text: `This is a test message of Refit, asked for by ${actor}: notifications of ${project} arrive here.`,
    next: 'Nothing is to be done; `refit status` shows how the targets do.',
  }
}
