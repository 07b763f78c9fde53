import type { Logger } from 'pino'
import type { Clock } from '../clock.js'

const SUPERVISE_EVERY_MS = 500

/** Looks every half second whether what should run does; what fails is said once, until it is well again. */
export function supervise(clock: Clock, log: Logger, look: () => Promise<void>): { stop(): Promise<void> } {
  const stopped = new AbortController()
  const loop = async (): Promise<void> => {
    let failing = false
    while (!stopped.signal.aborted) {
      await clock.sleep(SUPERVISE_EVERY_MS, stopped.signal).catch(() => undefined)
      if (stopped.signal.aborted) return
      try {
        await look()
        failing = false
      } catch (error) {
        if (!failing) log.error({ err: error }, 'what should run cannot be started; trying on')
        failing = true
      }
    }
  }
  const done = loop()
  return {
    stop: async () => {
      stopped.abort()
      await done
    },
  }
}
