import { deserialiseError, refitError } from '../errors.js'
import type { PackageManifest } from '../packages/manifest.js'
import { packBatch } from './packed-batch.js'
import type { FeatureBatch, Predictions } from './predictor.js'
import { inTime, startThread, type StartOptions } from './start-thread.js'
import { isFromThread, type Ask, type FromThread, type ThreadAnswer, type ToThread } from './thread-messages.js'

export interface ThreadOptions extends StartOptions {
  /** The thread is ended when it has not turned for so long: it answers nobody any more. */
  readonly hangsAfterMs: number
}

/** A thread that has loaded a package, until it ends. */
export interface PredictorThread {
  /** @throws RefitError `predictor-died` when the thread ends meanwhile, or has ended */
  ask(batch: FeatureBatch): Promise<Predictions>
  /** Why it has ended; never rejects. */
  readonly ended: Promise<string>
  end(): Promise<void>
}

const LOOK_MS = 250

interface Waiting {
  readonly rows: number
  resolve(predictions: Predictions): void
  reject(error: unknown): void
}

/**
 * Starts a thread and loads a package there. What the model does then, it does there: whoever asks it waits, and nobody else.
 * @throws RefitError `model-unreadable`
 */
export async function startPredictorThread(options: ThreadOptions): Promise<PredictorThread> {
  const { manifest, hangsAfterMs, memoryBytes } = options
  const worker = startThread(options)
  const waiting = new Map<number, Waiting>()
  let asks: Ask[] = []
  let asked = 0
  let why = 'it has ended itself'
  let pingedAt: number | undefined
  let over = false
  let loaded: (() => void) | undefined
  let notLoaded: ((error: unknown) => void) | undefined

  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  const post = (message: ToThread): void => worker.postMessage(message)
  const end = async (reason: string): Promise<void> => {
    why = reason
    await worker.terminate()
  }
  const settle = (answer: ThreadAnswer): void => {
    const request = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (request === undefined) return
    if ('values' in answer) request.resolve(predictionsOf(manifest, request.rows, answer.values))
    else if ('error' in answer) request.reject(deserialiseError(answer.error) ?? new Error(answer.error.message))
    else request.reject(new Error(`the model's thread met a bug: ${answer.stack}`))
  }
  const hear = (message: FromThread): void => {
    switch (message.kind) {
      case 'loaded':
        return loaded?.()
      case 'not-loaded':
        return notLoaded?.(deserialiseError(message.error) ?? new Error(message.error.message))
      case 'pong':
        pingedAt = undefined
        if (message.heldBytes > memoryBytes) void end(`it held more than ${Math.ceil(memoryBytes / 1_000_000)} MB`)
        return undefined
      case 'answers':
        for (const answer of message.answers) settle(answer)
        return undefined
    }
  }
  worker.on('message', (message: unknown) => (isFromThread(message) ? hear(message) : void end('it said something that nobody understands')))
  // A thread that turns answers a ping between two requests, however long each of them takes.
  const look = setInterval(() => {
    if (pingedAt !== undefined && performance.now() - pingedAt > hangsAfterMs) void end(`it did not answer for ${hangsAfterMs / 1000} seconds`)
    if (pingedAt !== undefined || waiting.size === 0) return
    pingedAt = performance.now()
    post({ kind: 'ping' })
  }, LOOK_MS)
  look.unref()
  const ended = new Promise<string>((resolve) => {
    worker.once('error', (error: unknown) => {
      why = error instanceof Error ? error.message : String(error)
    })
    worker.once('exit', () => {
      over = true
      clearInterval(look)
      for (const { reject } of waiting.values()) reject(refitError('predictor-died', { reason: why }))
      waiting.clear()
      resolve(why)
    })
  })

  try {
    await inTime(
      new Promise<void>((resolve, reject) => {
        loaded = resolve
        notLoaded = reject
      }),
      ended,
    )
  } catch (error) {
    await end('it could not be loaded')
    throw error
  }
  return {
    ask: (batch) =>
      new Promise((resolve, reject) => {
        if (over) return reject(refitError('predictor-died', { reason: why }))
        const id = asked++
        waiting.set(id, { rows: batch.rows, resolve, reject })
        // Requests that arrive together cross together.
        if (asks.length === 0) {
          setImmediate(() => {
            post({ kind: 'ask', asks })
            asks = []
          })
        }
        asks.push({ id, batch: packBatch(manifest.signature, batch) })
      }),
    ended,
    end: () => end('it was ended'),
  }
}

function predictionsOf({ signature }: PackageManifest, rows: number, values: Float64Array): Predictions {
  const { task, classes } = signature
  const expected = task === 'regression' ? rows : rows * classes.length
  if (values.length !== expected) throw refitError('prediction-invalid', { reason: `${values.length} values where ${expected} were asked for` })
  return task === 'regression' ? { task, values } : { task, probabilities: values }
}
