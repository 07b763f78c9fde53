import { createRequire } from 'node:module'
import { refitError } from '../../errors.js'

/** What we use of `ydf-inference`, which comes without types. */
export interface YdfModel {
  getLabelClasses(): string[]
  getInputFeatures(): readonly { readonly name: string; readonly type: string }[]
  /** Columns in, one number a row and class out; with two classes only that of the second. */
  predict(examples: Readonly<Record<string, readonly (number | string | null)[]>>): number[]
  unload(): void
}

interface YdfRuntime {
  loadModelFromZipBlob(blob: Uint8Array): Promise<YdfModel>
}


/**
 * Starts Yggdrasil's WebAssembly runtime. It needs JSZip as a global, and would change what becomes of uncaught errors in this
 * process; its listeners for them also keep each runtime, and all of its memory, for ever.
 */
export async function startRuntime(): Promise<YdfRuntime> {
  const require = createRequire(import.meta.url)
  Reflect.set(globalThis, 'JSZip', require('jszip'))
  const start: unknown = require('ydf-inference')
  if (typeof start !== 'function') throw new Error('ydf-inference has another form than expected')
  const before = { uncaughtException: process.listeners('uncaughtException'), unhandledRejection: process.listeners('unhandledRejection') }
  const started: unknown = Reflect.apply(start, undefined, [])
  for (const listener of process.listeners('uncaughtException')) if (!before.uncaughtException.includes(listener)) process.off('uncaughtException', listener)
  for (const listener of process.listeners('unhandledRejection')) if (!before.unhandledRejection.includes(listener)) process.off('unhandledRejection', listener)
  const runtime: unknown = await started
  if (!isRuntime(runtime)) throw new Error('ydf-inference has another form than expected')
  return runtime
}

/** @throws RefitError `model-unreadable` */
export async function loadModel(runtime: YdfRuntime, blob: Uint8Array): Promise<YdfModel> {
  let model: unknown
  try {
    model = await runtime.loadModelFromZipBlob(blob)
  } catch (error) {
    throw refitError('model-unreadable', { reason: `Yggdrasil refuses it (${error instanceof Error ? error.message : String(error)})` }, { cause: error })
  }
  if (!isModel(model)) throw new Error('ydf-inference has another form than expected')
  return model
}

function isRuntime(value: unknown): value is YdfRuntime {
  return hasMethods(value, ['loadModelFromZipBlob'])
}

function isModel(value: unknown): value is YdfModel {
  return hasMethods(value, ['getLabelClasses', 'getInputFeatures', 'predict', 'unload'])
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'function')
}
