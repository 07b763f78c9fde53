/** What a source has whose objects are announced besides being listed. */
export interface Announced {
  /** What whoever announces must know; a reference to a secret. Undefined: nobody is believed for what they know. */
  readonly secret: string | undefined
  /** ARNs of the SNS topics whose signed messages are believed. */
  readonly topics: readonly string[]
  /** Key within the source of an object in a bucket; undefined when it lies elsewhere. */
  keyOf(bucket: string, key: string): string | undefined
  /** Where announcements wait to be fetched. */
  readonly queue?: AnnouncementQueue
}

/** A queue that keeps a message until it is removed, and hides it for a while from others when it is received. */
export interface AnnouncementQueue {
  /** For the log. */
  readonly name: string
  /**
   * Waits for messages, some 20 seconds at most; none is no error.
   * @throws RefitError `queue-away`, and what the SDK aborts with
   */
  receive(signal: AbortSignal): Promise<readonly QueuedMessage[]>
  /** Keeps messages hidden from others while they are worked on. */
  hold(messages: readonly QueuedMessage[]): Promise<void>
  remove(messages: readonly QueuedMessage[]): Promise<void>
  close(): void
}

export interface QueuedMessage {
  readonly id: string
  readonly body: string
  /** By which the queue knows this delivery of it. */
  readonly receipt: string
}
