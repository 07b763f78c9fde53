import type { Readable } from 'node:stream'
import type { Announced } from './announced.js'

/** One file that a source lists. */
export interface ListedFile {
  /** Name within the source, with `/`; stable over deliveries. */
  readonly key: string
  /** Changes when the content may have changed; it also tells when the same content was written again. */
  readonly version: string
  /** 0 where that is not known before it is read. */
  readonly bytes: number
  /** What its deliverer says that its content has, in lower-case hex. */
  readonly declaredSha256?: string
  /** Why it is never taken as it lies there, in words, e.g. `it is a link`; there is no more to it than its key then. */
  readonly refused?: string
}

/** What will be one drop. */
export interface ListedObject extends ListedFile {
  /** The files of a drop that has several, with their keys in the source; `bytes` is their sum. */
  readonly files?: readonly ListedFile[]
  /** What is still missing, in words: it is not taken yet. */
  readonly waitsFor?: string
  /** Where a source that counts on goes on after this drop. */
  readonly watermark?: string
}

export interface ListRequest {
  readonly signal: AbortSignal
  /** That of the newest drop recorded from here; undefined before the first. */
  readonly watermark: string | undefined
}

/** A place where drops arrive. Its listing is the truth; whatever `watch` reports only hastens the next one. */
export interface Source {
  /** Names the source in drops: kind and location. */
  readonly name: string
  /** Objects appear whole: one listing is enough, nothing has to settle. */
  readonly appearsWhole: boolean
  /** Where objects are announced besides being listed. */
  readonly announced?: Announced
  /** Milliseconds between two listings, where looking is dear; undefined: at every look. */
  readonly every?: number
  /** @throws RefitError `source-unreadable` when it cannot tell what is there */
  list(request: ListRequest): Promise<readonly ListedObject[]>
  /**
   * The present state of one object that was announced; undefined when it is gone. Sources that cannot tell leave it out
   * and are listed instead.
   * @throws RefitError `source-unreadable`
   */
  find?(key: string): Promise<ListedObject | undefined>
  /** @throws RefitError `source-object-gone` when it is no longer there in that version; the stream too, if it changes while it is read */
  open(file: ListedFile): Promise<Readable>
  /** Calls `hint` when something may have arrived, with its key where that is known; returns what stops it, and may break off what is read. */
  watch(hint: (key?: string) => void): Promise<() => Promise<void>>
}
