import type { TestContext } from 'node:test'
import { Value } from 'typebox/value'
import type { StoredTarget } from '../../src/define/notify.js'
import { needsAttention } from '../../src/define/notify.js'
import { Message } from '../../src/notifications/message.js'
import { startNotifications, type Notifications } from '../../src/notifications/notifications.js'
import { registerModels } from '../../src/registry/models.js'
import { openNotifier } from '../../src/roles/adapters.js'
import { appendEvent, type NewEvent } from '../../src/runs/event.js'
import { settableClock, type SettableClock } from '../support/settable-clock.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

export const START = '2026-03-02T06:00:00Z'

/** Notifications over a real database, on a clock that stands until it is set. */
export interface Telling {
  readonly database: RunningDatabase['database']
  readonly clock: SettableClock
  readonly logged: readonly string[]
  /** Starts what tells these; what was started before is stopped. */
  start(...targets: readonly StoredTarget[]): Promise<Notifications>
  /** Starts another one beside it, as a second process would; the caller stops it. */
  another(...targets: readonly StoredTarget[]): Promise<Notifications>
  /** Appends an event of the model `price`, and hints at it. */
  happens(event: Pick<NewEvent, 'kind'> & Partial<NewEvent>): Promise<void>
  /** Of all notifications, in the order in which they were written down. */
  rows(): Promise<readonly { readonly id: string; readonly target: string; readonly state: string; readonly tries: number; readonly failure: string | null; readonly kind: string; readonly text: string }[]>
}

export function targetNamed(name: string, kind: string, options: StoredTarget['options'], more: Partial<StoredTarget> = {}): StoredTarget {
  return { name, kind, options, on: [...needsAttention], rejectedInARow: 3, ...more }
}

export function webhookAt(url: string, name = 'webhook', more: Partial<StoredTarget> = {}): StoredTarget {
  return targetNamed(name, 'webhook', { url, headers: {} }, more)
}

export async function startTelling(context: TestContext): Promise<Telling> {
  const running = await startDatabase()
  const { database, folder } = running
  const clock = settableClock(START)
  const logged: string[] = []
  const log = { warn: (line: string) => logged.push(line), error: (line: string) => logged.push(line) }
  let notifications: Notifications | undefined
  context.after(async () => {
    await notifications?.stop()
    await running.stop()
  })
  await registerModels(database, clock, projectOf(modelNamed('price'), modelNamed('rent')), 'test')
  const another = (...targets: readonly StoredTarget[]): Promise<Notifications> => {
    const place = { projectFolder: folder, stateFolder: `${folder}/.refit`, clock }
    return startNotifications({ database, clock, project: 'sales', targets, openNotifier: (target) => openNotifier(place, target), url: () => 'http://127.0.0.1:7700', log })
  }
  return {
    database,
    clock,
    logged,
    another,
    start: async (...targets) => {
      await notifications?.stop()
      notifications = await another(...targets)
      return notifications
    },
    happens: async (event) => {
      await appendEvent(database, { at: clock.now(), actor: 'refit', model: 'price', ...event })
      notifications?.hint()
    },
    rows: async () => {
      const rows = await database.selectFrom('notifications').selectAll().orderBy('created_at').orderBy('event').orderBy('target').execute()
      return rows.map(({ id, target, state, tries, failure, message }) => {
        const { kind, text } = Value.Parse(Message, message)
        return { id, target, state, tries, failure, kind, text }
      })
    },
  }
}
