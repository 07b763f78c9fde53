import { refitError } from '../errors.js'
import { closable } from './closable.js'
import { startPredictorThread, type PredictorThread } from './predictor-thread.js'
import type { Predictor } from './predictor.js'
import type { ThreadOptions } from './start-thread.js'

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
 * memory or never comes back costs its own requests, and is loaded again, after a pause that grows each time. Where a single
 * answer never comes although the thread turns, another thread takes its place, and nobody else's request fails.
 * @throws RefitError `model-unreadable`
 */
export async function openInThread(options: ThreadedOptions): Promise<Predictor> {
  const first = await startPredictorThread(options)
  let thread: PredictorThread | undefined = first
  const living = new Set<PredictorThread>()
  let pause = FIRST_PAUSE_MS
  let startsAt = 0
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let lastWords = ''
  let whyEnded: string | undefined

  const watch = (watched: PredictorThread): void => {
    const since = performance.now()
    let replaced = false
    const replace = (text: string): void => {
      if (closed || replaced) return
      replaced = true
      if (performance.now() - since > WELL_AFTER_MS) pause = FIRST_PAUSE_MS
      startLater(text)
    }
    living.add(watched)
    void watched.stuck.then(() => replace(`it has not answered a request for ${options.hangsAfterMs / 1000} seconds`))
    void watched.ended.then((why) => {
      living.delete(watched)
      if (thread === watched) {
        thread = undefined
        lastWords = why
        if (!closed) whyEnded = why
      }
      replace(`its thread has ended: ${why}`)
    })
  }
  const startLater = (text: string): void => {
    options.onEnd(`${text}; it is loaded again in ${pause / 1000} seconds`)
    startsAt = performance.now() + pause
    timer = setTimeout(() => void startAgain(), pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
  const startAgain = async (): Promise<void> => {
    try {
      const started = await startPredictorThread(options)
      if (closed) return await started.end()
      const former = thread
      thread = started
      watch(started)
      former?.retire()
    } catch (error) {
      lastWords = error instanceof Error ? error.message : String(error)
      if (!closed) startLater(lastWords)
    }
  }
  watch(first)
  return closable({
    predict: (batch, wanted) => thread?.ask(batch, wanted) ?? Promise.reject(refitError('predictor-away', { reason: lastWords }, { retryAfterSeconds: Math.max(1, Math.ceil((startsAt - performance.now()) / 1000)) })),
    heldBytes: () => thread?.heldBytes(),
    whyEnded: () => whyEnded ?? thread?.whyEnded(),
    close: async () => {
      closed = true
      clearTimeout(timer)
      await Promise.all([...living].map((each) => each.end()))
    },
  })
}
