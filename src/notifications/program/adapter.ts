import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { millisecondsOf } from '../../define/duration-text.js'
import { revealSecrets } from '../../define/secret.js'
import { endProcesses } from '../../processes/end.js'
import { lastWords } from '../../processes/last-words.js'
import { basicEnvironment, runProcess, type ProcessEnd } from '../../processes/run-process.js'
import type { Delivery, Notifier } from '../notifier.js'
import { options as schema } from './definition.js'

const MEGABYTE = 1_000_000
const ENDING_MS = 15_000

export interface ProgramPlace {
  readonly projectFolder: string
  readonly stateFolder: string
  /** Name of the target. */
  readonly target: string
}

/** A program of the user's own, run once a message. */
export function programNotifier({ projectFolder, stateFolder, target }: ProgramPlace, options: Readonly<Record<string, unknown>>): Notifier {
  const { command, environment, time, memory } = Value.Parse(schema, options)
  const [program = '', ...rest] = command
  const limits = { milliseconds: millisecondsOf(time), memoryBytes: Math.round(memory * MEGABYTE) }
  return {
    longest: limits.milliseconds + ENDING_MS,
    send: async (message, signal) => {
      const token = `${stateFolder}/notifications/${target}/${message.id}`
      const folder = join(stateFolder, 'notifications', target, message.id)
      const [file, logFile] = [join(folder, 'message.json'), join(folder, 'output.log')]
      // A control server that was killed has left it running.
      await endProcesses((found) => found === token)
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
      try {
        await writeFile(file, JSON.stringify(message))
        const revealed = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, revealSecrets(value)]))
        const own = { REFIT_NOTIFICATION: file, REFIT_NOTIFICATION_ID: message.id, REFIT_NOTIFICATION_KIND: message.kind, REFIT_NOTIFICATION_TEXT: message.text }
        const end = await runProcess({ command: program, arguments: rest, environment: { ...basicEnvironment(), ...revealed, ...own }, workingFolder: projectFolder, token, limits, logFile }, signal)
        // Secrets are concealed in it before it is cut.
        return deliveryOf(end, limits, await lastWords(logFile, { most: Number.POSITIVE_INFINITY }))
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

function deliveryOf(end: ProcessEnd, limits: { readonly milliseconds: number; readonly memoryBytes: number }, words: string): Delivery {
  const failed = (how: string): Delivery => ({ kind: 'failed', reason: words === '' ? how : `${how}: ${words}` })
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? { kind: 'taken', detail: 'ended with exit code 0' } : failed(`it ended with exit code ${end.code}`)
    case 'killed':
      return failed(`it was killed by ${end.signal}`)
    case 'timeout':
      return failed(`it took longer than ${limits.milliseconds / 1000} seconds and was ended`)
    case 'memory':
      return failed(`it used ${Math.round(end.bytes / MEGABYTE)} MB of memory, ${Math.round(limits.memoryBytes / MEGABYTE)} MB are allowed, and was ended`)
    case 'not-started':
      return failed(`it could not be started, ${end.reason}`)
    case 'cancelled':
      return failed('it was broken off')
  }
}
