import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where `worker.py` lies: beside this file, or, where this is bundled into one file of another room, in our folder from there. */
export function workerFile(): string {
  const beside = fileURLToPath(new URL('./worker.py', import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL('../predictors/python/worker.py', import.meta.url))
}
