import type { Readable } from 'node:stream'

/** One object that a source lists. */
export interface ListedObject {
  /** Name within the source, with `/`; stable over deliveries. */
  readonly key: string
  /** Changes when the content may have changed. */
  readonly version: string
  readonly bytes: number
}

/** A place where drops arrive. Its listing is the truth; whatever `watch` reports only hastens the next one. */
export interface Source {
  /** Names the source in drops: kind and location. */
  readonly name: string
  /** @throws RefitError `source-unreadable` when it cannot tell what is there */
  list(signal: AbortSignal): Promise<readonly ListedObject[]>
  /** @throws RefitError `source-object-gone` when it is no longer there in that version; the stream too, if it changes while it is read */
  open(object: ListedObject): Promise<Readable>
  /** Calls `hint` when something may have arrived; returns what stops it. */
  watch(hint: () => void): Promise<() => Promise<void>>
}
