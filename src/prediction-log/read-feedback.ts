import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Task } from '../define/stored-definition.js'
import { refitError, type Fault } from '../errors.js'
import { LONGEST_ID, readPredictionId } from '../predictions/prediction-id.js'

/** Entries that one request may have. */
export const MOST_ENTRIES = 10_000
const MOST_FAULTS = 50
const LONGEST_LABEL = 500

const Label = Type.Union([Type.Number(), Type.String({ maxLength: LONGEST_LABEL }), Type.Boolean()])

/** What became of a row: by the id of the answer and the row's place in the request, from 0 on; or by the key that was sent with it. */
export const FeedbackEntry = Type.Union([
  Type.Object({ prediction: Type.String({ minLength: 1, maxLength: LONGEST_ID }), row: Type.Optional(Type.Integer({ minimum: 0 })), truth: Label }, { additionalProperties: false }),
  Type.Object({ key: Type.String({ minLength: 1, maxLength: 200 }), truth: Label }, { additionalProperties: false }),
])

/** One entry that has been understood. */
export interface Truth {
  readonly kind: 'prediction' | 'key'
  /** The id of an answer, or a key. */
  readonly subject: string
  readonly row: number
  /** A number or a label, as text. */
  readonly truth: string
}

export interface Feedback {
  readonly truths: readonly Truth[]
  /** Entries whose answers were not sampled: their truth could be compared with nothing. */
  readonly notLogged: number
}

/**
 * What a request says of rows of a model: all of it can be kept, or none.
 * @throws RefitError `feedback-invalid`, which names each entry that cannot; `request-invalid` for too many or none
 */
export function readFeedback(entries: readonly unknown[], { model, task, key }: { readonly model: string; readonly task: Task; readonly key: Buffer }): Feedback {
  if (entries.length === 0) throw refitError('request-invalid', { reason: 'it has no feedback' })
  if (entries.length > MOST_ENTRIES) throw refitError('request-invalid', { reason: `it has more than ${MOST_ENTRIES} entries, and no more are taken at once` })
  const faults: Fault[] = []
  const truths: Truth[] = []
  let notLogged = 0
  for (const [index, entry] of entries.entries()) {
    const fault = (path: string, message: string): void => void faults.push({ path: `feedback[${index}]${path}`, message })
    if (!Value.Check(FeedbackEntry, entry)) {
      fault('', 'is no feedback: it has `truth`, and either `key`, or `prediction` and, beyond the first row, `row`')
      continue
    }
    const truth = truthOf(entry.truth, task)
    if (truth === undefined) fault('.truth', task === 'regression' ? 'must be a number' : 'must not be empty')
    else if ('key' in entry) truths.push({ kind: 'key', subject: entry.key, row: 0, truth })
    else {
      const facts = readPredictionId(key, entry.prediction)
      const row = entry.row ?? 0
      if (facts === undefined) fault('.prediction', 'is no id of an answer of this endpoint')
      else if (facts.model !== model) fault('.prediction', `is an answer of ${facts.model}`)
      else if (row >= facts.rows) fault('.row', facts.rows === 1 ? 'the answer has one row, which is 0' : `the rows of the answer are 0 to ${facts.rows - 1}`)
      else if (facts.sampled) truths.push({ kind: 'prediction', subject: entry.prediction, row, truth })
      else notLogged += 1
    }
  }
  if (faults.length > 0) throw refitError('feedback-invalid', { count: faults.length, of: entries.length }, { faults: faults.slice(0, MOST_FAULTS) })
  return { truths, notLogged }
}

/** Labels that were numbers or booleans before they became classes come as such. */
function truthOf(value: number | string | boolean, task: Task): string | undefined {
  if (task === 'regression') return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
  return value === '' ? undefined : String(value)
}
