import { deserialiseError, refitError } from '../errors.js'
import type { PackageManifest } from '../packages/manifest.js'
import { packBatch } from './packed-batch.js'
import type { FeatureBatch, Predictions } from './predictor.js'
import { inTime, startThread, type ThreadOptions } from './start-thread.js'
import { isFromThread, type Ask, type FromThread, type ThreadAnswer, type ToThread } from './thread-messages.js'
import type { Wanted } from './want.js'

/** A thread that has loaded a package, until it ends. */
export interface PredictorThread {
  /** As `Predictor.predict`. @throws RefitError `predictor-died` when the thread ends meanwhile, or has ended */
  ask(batch: FeatureBatch, wanted?: Wanted): Promise<Predictions>
  /** Why it has ended; never rejects. */
  readonly ended: Promise<string>
  /** What it holds of memory, in bytes, as it said last; undefined until it has. */
  heldBytes(): number | undefined
  /** Why a process of its model's own ended the last time without having been asked to. */
  whyEnded(): string | undefined
  /** Comes when an answer does not come although the thread turns: it answers others, and will for ever keep what that one holds. */
  readonly stuck: Promise<void>
  /** Ends it when nobody waits for an answer of it any more. */
  retire(): void
  end(): Promise<void>
}

const LOOK_MS = 100

interface Waiting {
  readonly rows: number
  readonly wanted: Wanted | undefined
  stopListening?: (() => void) | undefined
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
  let pingedAfter = 0
  let held: number | undefined
  let endedBeside: string | undefined
  let heardAt = 0
  let over = false
  let retires = false
  let loaded: (() => void) | undefined
  let notLoaded: ((error: unknown) => void) | undefined
  let isStuck: (() => void) | undefined
  const stuck = new Promise<void>((resolve) => (isStuck = resolve))

  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  const post = (message: ToThread): void => worker.postMessage(message)
  const end = async (reason: string): Promise<void> => {
    why = reason
    await worker.terminate()
  }
  const endUnlessWanted = (): void => {
    if (retires && [...waiting.values()].every(({ wanted }) => wanted?.givenUp() !== undefined)) void end('another one has taken its place')
  }
  const settle = (answer: ThreadAnswer): void => {
    const request = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (request === undefined) return
    request.stopListening?.()
    if ('values' in answer) request.resolve(predictionsOf(manifest, request.rows, answer.values))
    else if ('error' in answer) request.reject(deserialiseError(answer.error) ?? new Error(answer.error.message))
    else request.reject(new Error(`the model's thread met a bug: ${answer.stack}`))
    endUnlessWanted()
  }
  /** What has not crossed yet never does; what has is dropped there, unless it has begun. */
  const giveUp = (id: number): void => {
    const crossed = asks.every((ask) => ask.id !== id)
    if (crossed) post({ kind: 'give-up', id })
    else {
      asks = asks.filter((ask) => ask.id !== id)
      settle({ id, error: refitError('caller-left', { model: 'the model' }).toJSON() })
    }
    endUnlessWanted()
  }
  const hear = (message: FromThread): void => {
    heardAt = performance.now()
    switch (message.kind) {
      case 'loaded':
        return loaded?.()
      case 'not-loaded':
        return notLoaded?.(deserialiseError(message.error) ?? new Error(message.error.message))
      case 'stuck':
        return isStuck?.()
      case 'pong':
        pingedAt = undefined
        held = message.heldBytes
        endedBeside = message.whyEnded
        if (message.outsideBytes > memoryBytes) void end(`it held more than ${Math.ceil(memoryBytes / 1_000_000)} MB`)
        return undefined
      case 'answers':
        for (const answer of message.answers) settle(answer)
        return undefined
    }
  }
  worker.on('message', (message: unknown) => (isFromThread(message) ? hear(message) : void end('it said something that nobody understands')))
  // A thread that turns answers a ping between two requests, and one that does not says what it answers meanwhile: only one answer can keep it from both.
  const look = setInterval(() => {
    if (pingedAt !== undefined && performance.now() - Math.max(pingedAt, heardAt) > hangsAfterMs) void end(`it did not answer for ${hangsAfterMs / 1000} seconds`)
    // Also after answers that came before anybody looked: what they have left behind counts.
    if (pingedAt !== undefined || (waiting.size === 0 && asked === pingedAfter)) return
    pingedAt = performance.now()
    pingedAfter = asked
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
    ask: (batch, wanted) =>
      new Promise((resolve, reject) => {
        if (over) return reject(refitError('predictor-died', { reason: why }))
        const givenUp = wanted?.givenUp()
        if (givenUp !== undefined) return reject(givenUp)
        const id = asked++
        const request: Waiting = { rows: batch.rows, wanted, resolve, reject }
        waiting.set(id, request)
        request.stopListening = wanted?.whenGivenUp(() => giveUp(id))
        // Requests that arrive together cross together.
        if (asks.length === 0) {
          setImmediate(() => {
            if (asks.length > 0) post({ kind: 'ask', asks })
            asks = []
          })
        }
        asks.push({ id, batch: packBatch(manifest.signature, batch) })
      }),
    ended,
    stuck,
    heldBytes: () => held,
    whyEnded: () => endedBeside,
    retire: () => {
      retires = true
      endUnlessWanted()
    },
    end: () => end('it was ended'),
  }
}

function predictionsOf({ signature }: PackageManifest, rows: number, values: Float64Array): Predictions {
  const { task, classes } = signature
  const expected = task === 'regression' ? rows : rows * classes.length
  if (values.length !== expected) throw refitError('prediction-invalid', { reason: `${values.length} values where ${expected} were asked for` })
  return task === 'regression' ? { task, values } : { task, probabilities: values }
}
