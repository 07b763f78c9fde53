import { fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { deserialiseError } from '../errors.js'
import { inTime, type StartOptions } from './start-thread.js'
import { isFromDistiller, type DistilTask } from './distiller-messages.js'

/**
 * Distils the model of a package in a process that ends with it, and takes with it all that this takes of memory. Undefined
 * where the model has no such form.
 * @throws RefitError `model-unreadable`
 */
export async function distilInChild({ entry, folder, manifest, memoryBytes, environment, onOutput }: StartOptions): Promise<unknown> {
  const child = fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${Math.ceil(memoryBytes / 1_000_000)}`],
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  if (child.pid !== undefined) lowerPriority(child.pid)
  child.stdout?.setEncoding('utf8').on('data', onOutput)
  child.stderr?.setEncoding('utf8').on('data', onOutput)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`what looks at it has ended by ${signal ?? `exit code ${code ?? 'unknown'}`}`))
  })
  const made = new Promise<unknown>((resolve, reject) => {
    child.on('message', (message: unknown) => {
      if (!isFromDistiller(message)) return
      if (message.kind === 'distilled') resolve(message.made)
      else reject(deserialiseError(message.error) ?? new Error(message.error.message))
    })
  })
  const task: DistilTask = { folder, manifest }
  // That it has ended already is told by its end.
  child.send(task, () => undefined)
  try {
    return await inTime(made, ended)
  } finally {
    child.kill('SIGKILL')
  }
}

/** It has time; those that answer have not. The lowest of all might never get its turn where they take everything. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, which is told.
  }
}
