import type { Message } from './message.js'

/** What became of one try to hand a message over. */
export type Delivery =
  | { readonly kind: 'taken'; readonly detail: string }
  /** It may go well later; `retryAfter`, in milliseconds, is what the receiver asks for. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfter?: number }
  /** This message will never be taken. */
  | { readonly kind: 'refused'; readonly reason: string }

/** A way of telling somebody. */
export interface Notifier {
  /** No try takes longer, in milliseconds. */
  readonly longest: number
  /**
   * Hands a message over. It may be handed over again with the same id, when nobody knows whether it was taken.
   * Breaks off when `signal` aborts, whatever it then answers.
   * @throws RefitError `secret-missing`
   */
  send(message: Message, signal: AbortSignal): Promise<Delivery>
}
