import { parentPort, workerData } from 'node:worker_threads'
import { RefitError, refitError } from '../errors.js'
import { createAnswerQueue } from './answer-queue.js'
import { openPackage } from './open-package.js'
import type { Predictor, PredictorAdapter } from './predictor.js'
import { isThreadStart, type FromThread, type ToThread } from './thread-messages.js'

/**
 * What the entry of a predictor's thread does: loads the package that it was started with, says whether that went well, and
 * answers until it is ended.
 */
export function answerAsThread(adapters: readonly PredictorAdapter[]): void {
  const port = parentPort
  const start: unknown = workerData
  if (port === null || !isThreadStart(start)) throw new Error('started without a package, or as no thread')
  const say = (message: FromThread): void => port.postMessage(message)
  openPackage(adapters, start.folder, start.manifest).then(
    (predictor) => {
      const queue = createAnswerQueue(predictor, start, say)
      port.on('message', (message: ToThread) => {
        switch (message.kind) {
          case 'ask':
            return queue.add(message.asks)
          case 'give-up':
            return queue.giveUp(message.id)
          case 'ping':
            return say(pong(predictor))
        }
      })
      say({ kind: 'loaded' })
    },
    (error: unknown) => say({ kind: 'not-loaded', error: (error instanceof RefitError ? error : refitError('model-unreadable', { reason: String(error) })).toJSON() }),
  )
}

function pong(predictor: Predictor): FromThread {
  // Of a thread, this is its own heap and what that holds.
  const { heapUsed, external } = process.memoryUsage()
  return { kind: 'pong', outsideBytes: external, heldBytes: heapUsed + external + (predictor.heldBytes?.() ?? 0), whyEnded: predictor.whyEnded?.() }
}
