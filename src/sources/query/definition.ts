import { Type } from 'typebox'
import { DurationText } from '../../define/duration-text.js'
import type { Duration } from '../../define/measures.js'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'query'

export const options = Type.Object(
  {
    database: Type.String({ minLength: 1 }),
    query: Type.String({ minLength: 1 }),
    watermark: Type.String({ minLength: 1 }),
    overlap: Type.Optional(Type.Union([DurationText, Type.Integer({ minimum: 1 })])),
    every: DurationText,
  },
  { additionalProperties: false },
)

export interface QueryOptions {
  /** Connection string of a PostgreSQL server, best `secret('…')`. */
  readonly database: string
  /** One `select`; `$watermark` stands for the greatest watermark that was read before. */
  readonly query: string
  /** The column of the result that grows with every new row: a timestamp, a date, an integer or a text. */
  readonly watermark: string
  /**
   * Reads rows again that lie this far before the watermark, for those that were committed late: a duration for times, a
   * number for integers. Rows come twice: for a model whose deliveries are `upsert` only.
   */
  readonly overlap?: Duration | number
  /** Time between two looks; default 5 minutes. */
  readonly every?: Duration
}

/** The new rows of a PostgreSQL query are a drop, each row in one drop. */
export function query({ database, query: text, watermark, overlap, every = '5 minutes' }: QueryOptions): AdapterReference {
  return { kind, options: { database, query: text, watermark, ...(overlap === undefined ? {} : { overlap }), every } }
}
