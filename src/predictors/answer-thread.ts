import { parentPort, workerData } from 'node:worker_threads'
import { RefitError, refitError } from '../errors.js'
import { openPackage } from './open-package.js'
import { unpackBatch } from './packed-batch.js'
import type { Predictions, Predictor, PredictorAdapter } from './predictor.js'
import { isThreadStart, type Ask, type FromThread, type ThreadAnswer, type ThreadStart, type ToThread } from './thread-messages.js'

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
      const answer = answerer(predictor, start, say)
      port.on('message', (message: ToThread) => (message.kind === 'ask' ? answer(message.asks) : say({ kind: 'pong', heldBytes: heldBytes() })))
      say({ kind: 'loaded' })
    },
    (error: unknown) => say({ kind: 'not-loaded', error: (error instanceof RefitError ? error : refitError('model-unreadable', { reason: String(error) })).toJSON() }),
  )
}

/** Answers of requests that came together, and are there together, go back in one message. */
function answerer(predictor: Predictor, { manifest }: ThreadStart, say: (message: FromThread) => void): (asks: readonly Ask[]) => void {
  let answers: ThreadAnswer[] = []
  const add = (answer: ThreadAnswer): void => {
    if (answers.length === 0) {
      setImmediate(() => {
        say({ kind: 'answers', answers })
        answers = []
      })
    }
    answers.push(answer)
  }
  return (asks) => {
    for (const { id, batch } of asks) {
      predictor.predict(unpackBatch(manifest.signature, batch)).then(
        (predictions) => add({ id, values: valuesOf(predictions) }),
        (error: unknown) => add(error instanceof RefitError ? { id, error: error.toJSON() } : { id, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
    }
  }
}

function valuesOf(predictions: Predictions): Float64Array {
  return predictions.task === 'regression' ? predictions.values : predictions.probabilities
}

function heldBytes(): number {
  return process.memoryUsage().external
}
