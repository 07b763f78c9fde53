import type { SerialisedError } from '../errors.js'
import type { PackageManifest } from '../packages/manifest.js'
import { isError } from './thread-messages.js'

/** What a process that distils is told. */
export interface DistilTask {
  readonly folder: string
  readonly manifest: PackageManifest
}

/** What it says: the other form of the model, if it has one, or why it could not be read. */
export type FromDistiller = { readonly kind: 'distilled'; readonly made: unknown } | { readonly kind: 'not-loaded'; readonly error: SerialisedError }

/** Whether it is what such a process is told. */
export function isDistilTask(message: unknown): message is DistilTask {
  return typeof message === 'object' && message !== null && 'folder' in message && typeof message.folder === 'string' && 'manifest' in message && typeof message.manifest === 'object'
}

export function isFromDistiller(message: unknown): message is FromDistiller {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false
  return message.kind === 'distilled' || (message.kind === 'not-loaded' && 'error' in message && isError(message.error))
}
