import { Worker } from 'node:worker_threads'

/** How often a child looks whether its parent lives. */
const LOOK_MS = 250

/** Of a child: the process without which it is not to go on. */
export const PARENT_VARIABLE = 'REFIT_PARENT'

/**
 * Ends this process when the one is gone that REFIT_PARENT names, its own parent: without a word, as it went itself, and
 * whatever keeps the main thread, for a thread of its own looks.
 */
export function endWithParent(): void {
  const parent = Number(process.env[PARENT_VARIABLE])
  if (!Number.isInteger(parent)) throw new Error(`started without ${PARENT_VARIABLE}`)
  const look = `setInterval(() => { if (process.ppid !== ${parent}) process.kill(process.pid, 'SIGKILL') }, ${LOOK_MS})`
  new Worker(look, { eval: true, env: {}, stdin: false, resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref()
}
