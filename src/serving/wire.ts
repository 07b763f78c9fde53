import { Type, type Static } from 'typebox'
import { Signature } from '../packages/manifest.js'

/** Rows that one request may hold. */
export const MOST_ROWS = 10_000

/** What a caller calls a row. */
const RowKey = Type.String({ minLength: 1, maxLength: 200 })

export const PredictRequest = Type.Object(
  {
    rows: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MOST_ROWS, description: 'One object a row, with every input of the model by its name' }),
    keys: Type.Optional(Type.Array(RowKey, { maxItems: MOST_ROWS, description: 'What the caller calls the rows, one a row: feedback may come by them' })),
  },
  { additionalProperties: false },
)

/** By label, whatever it holds: a record's pattern would leave out labels with line breaks. */
const Probabilities = Type.Unsafe<Record<string, number>>({ type: 'object', additionalProperties: { type: 'number' } })

/** The class with the highest probability, and all of them. */
export const ClassPrediction = Type.Object({ label: Type.String(), probabilities: Probabilities })

export const PredictAnswer = Type.Object({
  model: Type.String(),
  version: Type.Integer({ description: 'The version that answered' }),
  id: Type.Optional(Type.String({ description: 'Of this answer: feedback and explanations go by it. Absent where nobody could read it' })),
  predictions: Type.Union([Type.Array(Type.Number()), Type.Array(ClassPrediction)], { description: 'One a row, in their order' }),
})
export type PredictAnswer = Static<typeof PredictAnswer>

export const LiveModelAnswer = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  generation: Type.Integer(),
  digest: Type.String({ description: 'Of the package that answers, verified when it was loaded' }),
  since: Type.String({ format: 'date-time' }),
  signature: Signature,
})
export type LiveModelAnswer = Static<typeof LiveModelAnswer>
