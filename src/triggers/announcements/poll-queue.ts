import type { Clock } from '../../clock.js'
import type { AnnouncementQueue, QueuedMessage } from '../../sources/announced.js'
import { RefitError } from '../../errors.js'
import type { Announcement } from './announcement.js'
import { readMessage } from './read-delivery.js'

export interface PollOptions {
  readonly queue: AnnouncementQueue
  readonly clock: Clock
  /** Resolves when everything that is announced is recorded. */
  readonly deliver: (announcements: readonly Announcement[]) => Promise<unknown>
  readonly log: { warn(message: string): void }
}

const HOLD_EVERY_MS = 20_000
const AFTER_FAULT_MS = 5000

/**
 * Fetches announcements from a queue until stopped. A message is removed when what it announces is recorded; one that
 * could not be, or cannot be read, stays, and comes again until the queue's own rule for such messages takes it away.
 */
export function pollQueue({ queue, clock, deliver, log }: PollOptions): { stop(): Promise<void> } {
  const stopped = new AbortController()
  let unreadable = 0

  const work = async (message: QueuedMessage): Promise<QueuedMessage | undefined> => {
    try {
      await deliver(readMessage(message.body))
      return message
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const isUnreadable = error instanceof RefitError && error.code === 'announcement-invalid'
      if (isUnreadable) unreadable += 1
      log.warn(`queue ${queue.name}: message ${message.id} stays: ${reason}${isUnreadable ? ` (${unreadable} of this kind so far)` : ''}`)
      return undefined
    }
  }

  const poll = async (): Promise<void> => {
    const messages = await queue.receive(stopped.signal)
    if (messages.length === 0) return
    const holding = hold(messages)
    try {
      const done = (await Promise.all(messages.map(work))).filter((message) => message !== undefined)
      if (done.length > 0) await queue.remove(done)
    } finally {
      await holding.end()
    }
  }

  /** A large drop takes longer to record than a queue hides its message. */
  const hold = (messages: readonly QueuedMessage[]): { end(): Promise<void> } => {
    const ended = new AbortController()
    const holding = async (): Promise<void> => {
      while (!ended.signal.aborted) {
        await clock.sleep(HOLD_EVERY_MS, ended.signal).catch(() => undefined)
        if (!ended.signal.aborted) await queue.hold(messages).catch((error: unknown) => log.warn(`queue ${queue.name}: ${String(error)}`))
      }
    }
    const held = holding()
    return {
      end: () => {
        ended.abort()
        return held
      },
    }
  }

  const loop = async (): Promise<void> => {
    let failing = false
    while (!stopped.signal.aborted) {
      try {
        await poll()
        failing = false
      } catch (error) {
        if (stopped.signal.aborted) break
        if (!failing) log.warn(`queue ${queue.name}: ${error instanceof Error ? error.message : String(error)}`)
        failing = true
        await clock.sleep(AFTER_FAULT_MS, stopped.signal).catch(() => undefined)
      }
    }
    queue.close()
  }
  const done = loop()
  return {
    stop: async () => {
      stopped.abort()
      await done
    },
  }
}
