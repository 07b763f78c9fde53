import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import type { Notifications } from '../notifications/notifications.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { Adoption } from '../runs/offer.js'
import type { Run } from '../runs/run.js'

/** What the control server hands to the API. */
export interface ApiParts {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly project: {
    readonly folder: string
    /** The environment that this server runs; undefined: none. */
    readonly environment: string | undefined
    /** Version of Refit. */
    readonly refit: string
    readonly startedAt: Date
    /** Where predictions are asked for, once serving is up. */
    readonly servingUrl: () => string | undefined
    /** So long a model may take for what it is asked at once. */
    readonly answerWithinSeconds: number
  }
  /** Where the log of an attempt lies; it need not exist. */
  readonly attemptLog: (run: string, stage: string, attempt: number) => string
  /** Calls back when events may have been added; returns what ends it. Missing a hint only delays. */
  readonly onEventHint: (listener: () => void) => () => void
  /** Why the source of a model cannot be read now; undefined if it can. */
  readonly sourceFailure: (model: string) => { readonly source: string; readonly message: string } | undefined
  /** Called when a drop was uploaded: hastens the triggers. */
  readonly onUpload: () => void
  /** Brings what serving has logged of its answers to where it is read; resolves too when that cannot be done now. */
  readonly bringPredictions: () => Promise<void>
  /** Called when a batch job was asked for, or asked to end: hastens them. */
  readonly onBatchJob: () => void
  /** Takes a model that was trained elsewhere, as a tar archive, and asks for a run that checks it. @throws RefitError */
  readonly adopt: (adoption: Adoption, content: Readable, signal: AbortSignal) => Promise<Run>
  /** Those whom the project tells of what happens. */
  readonly notifications: Pick<Notifications, 'targets' | 'test'>
  /** What becomes of requests that announce objects of sources. */
  readonly announcements: {
    /** Whether any source is announced by requests. */
    isOpen(): Promise<boolean>
    /** Looks at who sends it, and resolves when everything is recorded. @throws RefitError */
    receive(delivery: { readonly headers: IncomingHttpHeaders; readonly body: Buffer }): Promise<{ readonly announced: number; readonly looked: number }>
  }
  /** Called when someone asks to end the control server, with or without serving; must return at once. */
  readonly onShutdown: (request: { readonly keepServing: boolean }) => void
}
