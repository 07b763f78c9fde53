import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import pino, { type Logger } from 'pino'

/** A log of JSON lines in a file, appended to; every line names the role that wrote it. */
export function fileLog(path: string, role: string): Logger {
  mkdirSync(dirname(path), { recursive: true })
  // Synchronous: what a process says before it dies is what one looks for.
  return pino({ base: { role }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: path, sync: true, append: true }))
}

/** A log of JSON lines on standard output, as containers have it. */
export function outputLog(role: string): Logger {
  return pino({ base: { role }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 1, sync: true }))
}
