import { refitError } from '../errors.js'
import { closable } from './closable.js'
import { startPredictorThread, type PredictorThread, type ThreadOptions } from './predictor-thread.js'
import type { Predictor } from './predictor.js'

export interface ThreadedOptions extends ThreadOptions {
  /** What became of the thread, for the log. */
  readonly onEnd: (text: string) => void
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000
/** A thread that has lived so long was well. */
const WELL_AFTER_MS = 60_000

/**
 * Loads a package in a thread of its own. A model that throws there fails its request; one that ends the thread, fills its
 * memory or never comes back costs its own requests, and is loaded again, after a pause that grows each time.
 * @throws RefitError `model-unreadable`
 */
export async function openInThread(options: ThreadedOptions): Promise<Predictor> {
  let thread: PredictorThread | undefined = await startPredictorThread(options)
  let pause = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let lastWords = ''

  const watch = (watched: PredictorThread): void => {
    const since = performance.now()
    void watched.ended.then((why) => {
      thread = undefined
      if (performance.now() - since > WELL_AFTER_MS) pause = FIRST_PAUSE_MS
      if (!closed) startLater(why)
    })
  }
  const startLater = (why: string): void => {
    lastWords = why
    options.onEnd(`its thread has ended: ${why}; it is loaded again in ${pause / 1000} seconds`)
    timer = setTimeout(() => void startAgain(), pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
  const startAgain = async (): Promise<void> => {
    try {
      const started = await startPredictorThread(options)
      if (closed) return await started.end()
      thread = started
      watch(started)
    } catch (error) {
      if (!closed) startLater(error instanceof Error ? error.message : String(error))
    }
  }
  watch(thread)
  return closable({
    predict: (batch) => (thread === undefined ? Promise.reject(refitError('predictor-away', { reason: lastWords })) : thread.ask(batch)),
    close: async () => {
      closed = true
      clearTimeout(timer)
      await thread?.end()
    },
  })
}
