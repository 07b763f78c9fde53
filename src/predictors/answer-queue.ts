import { RefitError, refitError } from '../errors.js'
import { unpackBatch, type PackedBatch } from './packed-batch.js'
import type { Predictions, Predictor } from './predictor.js'
import type { Ask, FromThread, ThreadAnswer, ThreadStart } from './thread-messages.js'
import { createWant, type Want } from './want.js'

/** What a thread has been asked, from the first to the last. */
export interface AnswerQueue {
  add(asks: readonly Ask[]): void
  /** Nobody waits for it any more: what has not begun never will. */
  giveUp(id: number): void
}

/** Answers that are given before the thread listens, and says them: of a slow model one, of a quick one many. */
const SLICE_MS = 1
const LOOK_MS = 250

interface Begun {
  readonly want: Want
  /** For how long the thread had been idle when it was first looked at, milliseconds. */
  idleBefore: number | undefined
}

/** Begins with nothing asked. */
export function createAnswerQueue(predictor: Predictor, { manifest, hangsAfterMs }: ThreadStart, say: (message: FromThread) => void): AnswerQueue {
  const waiting = new Map<number, PackedBatch>()
  const begun = new Map<number, Begun>()
  let answers: ThreadAnswer[] = []
  let saidAt = 0
  let turns = false

  const sayAnswers = (): void => {
    if (answers.length === 0) return
    say({ kind: 'answers', answers })
    answers = []
    saidAt = performance.now()
  }
  /** Answers that are there together go back in one message; none is held back by what another takes. */
  const give = (answer: ThreadAnswer): void => {
    begun.delete(answer.id)
    answers.push(answer)
    if (performance.now() - saidAt > SLICE_MS) sayAnswers()
    else if (answers.length === 1) setImmediate(sayAnswers)
  }
  const begin = (id: number, batch: PackedBatch): void => {
    const want = createWant()
    begun.set(id, { want, idleBefore: undefined })
    predictor.predict(unpackBatch(manifest.signature, batch), want).then(
      (predictions) => give({ id, values: valuesOf(predictions) }),
      (error: unknown) => give(error instanceof RefitError ? { id, error: error.toJSON() } : { id, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  }
  const turn = (): void => {
    sayAnswers()
    const until = performance.now() + SLICE_MS
    for (const [id, batch] of waiting) {
      waiting.delete(id)
      begin(id, batch)
      if (performance.now() > until) break
    }
    turns = waiting.size > 0
    if (turns) setImmediate(turn)
  }
  lookForStuck(begun, hangsAfterMs, () => say({ kind: 'stuck' }))
  return {
    add: (asks) => {
      for (const { id, batch } of asks) waiting.set(id, batch)
      if (!turns) setImmediate(turn)
      turns = true
    },
    giveUp: (id) => {
      const gone = refitError('caller-left', { model: 'the model' })
      if (waiting.delete(id)) give({ id, error: gone.toJSON() })
      else begun.get(id)?.want.giveUp(gone)
    },
  }
}

/** Tells once of an answer that does not come although the thread has nothing else to do: what others take of its time is not its own. */
function lookForStuck(begun: ReadonlyMap<number, Begun>, hangsAfterMs: number, tell: () => void): void {
  const look = setInterval(() => {
    const [oldest] = begun.values()
    if (oldest === undefined) return
    const { idle } = performance.eventLoopUtilization()
    oldest.idleBefore ??= idle
    if (idle - oldest.idleBefore <= hangsAfterMs) return
    clearInterval(look)
    tell()
  }, LOOK_MS)
  look.unref()
}

function valuesOf(predictions: Predictions): Float64Array {
  return predictions.task === 'regression' ? predictions.values : predictions.probabilities
}
