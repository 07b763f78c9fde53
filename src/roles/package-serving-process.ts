import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { deserialiseError, refitError } from '../errors.js'
import { SAME_EVERYWHERE } from '../processes/same-everywhere.js'
import type { PackageServingSettings } from './serve-package.js'

const Failed = Type.Object({ error: Type.Object({ code: Type.String(), message: Type.String(), hint: Type.String(), status: Type.Number() }) })

/**
 * Serves a package in a process of its own, whose zone and language are those of every process that prepares rows, until
 * this one is told to end. It takes as long as its requests do, and no longer than this process lives.
 * @throws RefitError what keeps it from serving
 */
export async function runPackageServing(settings: PackageServingSettings): Promise<void> {
  const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL('./serve-package-main.js', import.meta.url))], {
    env: { ...process.env, ...SAME_EVERYWHERE, REFIT_PACKAGE: JSON.stringify(settings) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let failure: Error | undefined
  child.on('message', (message) => {
    if (Value.Check(Failed, message)) failure = deserialiseError(message.error)
  })
  let told: NodeJS.Signals | undefined
  const pass = (signal: NodeJS.Signals): void => {
    told = signal
    child.kill(signal)
  }
  process.on('SIGTERM', pass)
  process.on('SIGINT', pass)
  try {
    const how = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      // Told so before it listens, it ends at once.
      child.once('close', (code, signal) => resolve(code === 0 || (signal !== null && signal === told) ? undefined : (signal ?? `exit code ${code ?? 'unknown'}`)))
    })
    if (failure !== undefined) throw failure
    if (how !== undefined) throw refitError('process-died', { name: 'The serving process', how: `by ${how}` })
  } finally {
    process.off('SIGTERM', pass)
    process.off('SIGINT', pass)
  }
}
