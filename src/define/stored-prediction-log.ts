import { Type, type Static } from 'typebox'

/** What is kept of the answers of a model's endpoint. */
export const StoredPredictionLog = Type.Union([
  Type.Literal('off'),
  Type.Object({
    /** Of the answers, in (0, 1]. */
    share: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    /** Absent: all features. */
    columns: Type.Optional(Type.Array(Type.String())),
    keepMilliseconds: Type.Integer({ minimum: 1 }),
  }),
])
export type StoredPredictionLog = Static<typeof StoredPredictionLog>
