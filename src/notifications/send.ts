import type { Clock } from '../clock.js'
import { isOutage } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { concealSecrets } from '../define/secret.js'
import type { StoredTarget } from '../define/notify.js'
import { RefitError } from '../errors.js'
import { startHintedLoop, type HintedLoop } from '../hinted-loop.js'
import { isHopeless, waitAfter } from './back-off.js'
import { asSentNow, type Message } from './message.js'
import type { Delivery, Notifier } from './notifier.js'
import { hasten, noteFailed, noteGivenUp, noteSent, takeDue, untilDue, type TakenNotification } from './queue.js'

export interface SendOptions {
  readonly database: Database
  readonly clock: Clock
  readonly target: StoredTarget
  readonly notifier: Notifier
  /** Address of the control server, once it is known. */
  readonly url: () => string | undefined
  readonly log: { warn(message: string): void; error(message: string): void }
}

const LOOK_EVERY_MS = 60_000
const AFTER_TROUBLE_MS = 1000
const MOST_REASON = 250
/** What noting the end of a try may take, at the most. */
const NOTING_MS = 60_000

/** Sends what is due for one target until stopped, one after another: a receiver that is slow or dead holds up no other. */
export function startSending(options: SendOptions): HintedLoop {
  const { database, clock, target, notifier, log } = options
  let failing = false

  const sendOne = async (taken: TakenNotification, stopped: AbortSignal): Promise<void> => {
    const delivery = await tryToSend(options, taken.message, stopped)
    // Broken off: nobody knows whether it was taken, and the next start sends it again under its id.
    if (stopped.aborted && delivery.kind !== 'taken') return
    if (delivery.kind === 'taken') {
      await noteSent(database, clock, taken)
      if (failing) await hasten(database, clock, target.name)
      failing = false
      return
    }
    const { message, tries, createdAt } = taken
    const isOver = delivery.kind === 'refused' || isHopeless(tries, createdAt, clock.now())
    if (isOver || !failing) log.warn(`notification ${message.id} to ${target.name} ${isOver ? 'is given up' : 'is tried again'}: ${delivery.reason}`)
    if (isOver) {
      await noteGivenUp(database, clock, target.name, taken, delivery.reason)
      return
    }
    failing = true
    await noteFailed(database, clock, taken, delivery.reason, waitAfter(tries, delivery.kind === 'failed' ? delivery.retryAfter : undefined))
  }

  const look = async (stopped: AbortSignal): Promise<number> => {
    try {
      const taken = await takeDue(database, clock, target.name, notifier.longest + NOTING_MS)
      if (taken === undefined) return Math.min((await untilDue(database, clock, target.name)) ?? LOOK_EVERY_MS, LOOK_EVERY_MS)
      await sendOne(taken, stopped)
      return 0
    } catch (error) {
      if (!isOutage(error) && !stopped.aborted) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      return AFTER_TROUBLE_MS
    }
  }
  return startHintedLoop(clock, look)
}

/** Only after secrets were concealed in it: half of one would not be found. */
function shortened(reason: string): string {
  return reason.length > MOST_REASON ? `${reason.slice(0, MOST_REASON - 1)}…` : reason
}

/** One try. Nothing secret is in the reason of a failure, whatever the receiver answered. */
export async function tryToSend({ clock, target, notifier, url, log }: Omit<SendOptions, 'database'>, message: Message, signal: AbortSignal): Promise<Delivery> {
  try {
    const delivery = await notifier.send(asSentNow(message, clock.now(), url()), signal)
    return delivery.kind === 'taken' ? delivery : { ...delivery, reason: shortened(concealSecrets(delivery.reason, target.options)) }
  } catch (error) {
    if (error instanceof RefitError) return { kind: 'failed', reason: error.message }
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
    log.error(concealSecrets(words, target.options))
    return { kind: 'failed', reason: 'something went wrong inside Refit; its log has the stack' }
  }
}
