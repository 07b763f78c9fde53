import { Worker } from 'node:worker_threads'
import { refitError } from '../errors.js'
import type { PackageManifest } from '../packages/manifest.js'
import type { ThreadStart } from './thread-messages.js'

export interface StartOptions {
  /** The module that calls `answerAsThread`. */
  readonly entry: URL
  readonly folder: string
  readonly manifest: PackageManifest
  /** Of its heap, and of what lies outside of it. */
  readonly memoryBytes: number
  /** What the model sees of an environment. */
  readonly environment: Readonly<Record<string, string>>
  /** What the model prints. */
  readonly onOutput: (text: string) => void
}

export interface ThreadOptions extends StartOptions {
  /** So long an answer may take. The thread is ended when it has neither turned nor answered anything for longer. */
  readonly hangsAfterMs: number
}

const LOAD_MS = 60_000

/** Starts a thread for a package. */
export function startThread({ entry, folder, manifest, hangsAfterMs, memoryBytes, environment, onOutput }: ThreadOptions): Worker {
  const start: ThreadStart = { folder, manifest, hangsAfterMs }
  const worker = new Worker(entry, { workerData: start, env: { ...environment }, stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / 1_000_000) } })
  worker.stdout.setEncoding('utf8').on('data', onOutput)
  worker.stderr.setEncoding('utf8').on('data', onOutput)
  return worker
}

/** What a thread is waited for, but neither for ever nor beyond its end. @throws RefitError `model-unreadable` */
export async function inTime<T>(awaited: Promise<T>, ended: Promise<string>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(refitError('model-unreadable', { reason: `it was not loaded within ${LOAD_MS / 1000} seconds` })), LOAD_MS)
  })
  const died = ended.then((why) => {
    throw refitError('model-unreadable', { reason: why })
  })
  try {
    return await Promise.race([awaited, tooLate, died])
  } finally {
    clearTimeout(timer)
  }
}
