import type { SerialisedError } from '../errors.js'
import type { PackageManifest } from '../packages/manifest.js'
import type { PackedBatch } from './packed-batch.js'

/** What a thread is started with: a package, to answer from until it is ended. */
export interface ThreadStart {
  readonly folder: string
  readonly manifest: PackageManifest
  /** So long an answer may take. */
  readonly hangsAfterMs: number
}

export interface Ask {
  readonly id: number
  readonly batch: PackedBatch
}

/** To a thread: rows to predict, as many requests as have come together; which of them nobody waits for any more; or whether it still turns. */
export type ToThread = { readonly kind: 'ask'; readonly asks: readonly Ask[] } | { readonly kind: 'give-up'; readonly id: number } | { readonly kind: 'ping' }

/** How one request ended: values as the predictor gave them, an error of the catalogue, or the stack of a bug. */
export type ThreadAnswer = { readonly id: number; readonly values: Float64Array } | { readonly id: number; readonly error: SerialisedError } | { readonly id: number; readonly stack: string }

/**
 * From a thread. Of the memory that it holds, `outsideBytes` lie outside of its heap, where no limit of the runtime reaches;
 * `heldBytes` is all of it, with that of processes of the model's own. `whyEnded` is of those processes.
 */
export type FromThread =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'not-loaded'; readonly error: SerialisedError }
  | { readonly kind: 'answers'; readonly answers: readonly ThreadAnswer[] }
  | { readonly kind: 'pong'; readonly outsideBytes: number; readonly heldBytes: number; readonly whyEnded: string | undefined }
  /** It turns, and has begun an answer that takes longer than any may. */
  | { readonly kind: 'stuck' }

/** Whether it is what a thread is started with. */
export function isThreadStart(data: unknown): data is ThreadStart {
  return isObject(data) && typeof data['folder'] === 'string' && isObject(data['manifest']) && typeof data['hangsAfterMs'] === 'number'
}

/** What a thread says, looked at as closely as is cheap: code of the project runs there, and may send anything. */
export function isFromThread(message: unknown): message is FromThread {
  if (!isObject(message)) return false
  switch (message['kind']) {
    case 'loaded':
    case 'stuck':
      return true
    case 'not-loaded':
      return isError(message['error'])
    case 'pong':
      return typeof message['outsideBytes'] === 'number' && typeof message['heldBytes'] === 'number' && ['string', 'undefined'].includes(typeof message['whyEnded'])
    case 'answers':
      return Array.isArray(message['answers']) && message['answers'].every(isAnswer)
    default:
      return false
  }
}

function isAnswer(answer: unknown): answer is ThreadAnswer {
  if (!isObject(answer) || typeof answer['id'] !== 'number') return false
  return answer['values'] instanceof Float64Array || typeof answer['stack'] === 'string' || isError(answer['error'])
}

export function isError(error: unknown): error is SerialisedError {
  return isObject(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string' && typeof error['hint'] === 'string' && typeof error['status'] === 'number'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
