import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

const LAST_CHARACTERS = 4096
/** What is kept of a talkative model. */
const MOST_CHARACTERS = 20_000

/** Whatever a worker has started may hold its output open. */
const LATE_MS = 100

export interface Output {
  /** Comes when all has been read, or nothing more can be waited for. */
  ended(): Promise<void>
  /** What it has printed last, behind a colon; nothing if nothing. */
  lastWords(): string
}

/** What a worker prints goes to our own error output, the first of it; the end is remembered, for what it says last. */
export function createOutput(from: Readable | null): Output {
  let last = ''
  let left = MOST_CHARACTERS
  const ended = new Promise<void>((resolve) => {
    if (from === null) resolve()
    else from.once('close', resolve)
  })
  from?.setEncoding('utf8')
  from?.on('data', (text: string) => {
    last = (last + text).slice(-LAST_CHARACTERS)
    if (left <= 0) return
    process.stderr.write(text.slice(0, left))
    left -= text.length
    if (left <= 0) process.stderr.write('\n… what the model prints from here on is not kept\n')
  })
  from?.on('error', () => undefined)
  return {
    ended: () => Promise.race([ended, delay(LATE_MS)]),
    lastWords: () => {
      const lines = last.split('\n').filter((line) => line.trim() !== '')
      const words = lines.slice(-2).join(' | ').slice(-300)
      return words === '' ? '' : `: ${words}`
    },
  }
}
