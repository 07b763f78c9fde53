import { Type, type Static } from 'typebox'

/** Shares of the rows at whose values a number column is looked at. */
export const LEVELS = [0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99] as const

/** Rows without a value; of a large drop, by its sample. */
const Missing = { missing: Type.Integer({ minimum: 0 }) }

export const NumberProfile = Type.Object({
  kind: Type.Literal('number'),
  ...Missing,
  min: Type.Number(),
  max: Type.Number(),
  mean: Type.Number(),
  sd: Type.Number(),
  /** The values at `LEVELS`. */
  quantiles: Type.Array(Type.Number(), { minItems: LEVELS.length, maxItems: LEVELS.length }),
})
export type NumberProfile = Static<typeof NumberProfile>

export const CategoryProfile = Type.Object({
  kind: Type.Literal('category'),
  ...Missing,
  /** Rows whose values have been counted: all that have one, or a sample of them. */
  counted: Type.Integer({ minimum: 0 }),
  distinct: Type.Integer({ minimum: 0 }),
  /** The most frequent values with their rows. */
  values: Type.Array(Type.Tuple([Type.String(), Type.Integer()])),
})
export type CategoryProfile = Static<typeof CategoryProfile>

/** Milliseconds since 1970. */
export const TimeProfile = Type.Object({
  kind: Type.Literal('time'),
  ...Missing,
  oldest: Type.Number(),
  /** Nearly the oldest, the middle one and nearly the newest: 5, 50 and 95 % of the rows. */
  early: Type.Number(),
  median: Type.Number(),
  late: Type.Number(),
  newest: Type.Number(),
})
export type TimeProfile = Static<typeof TimeProfile>

/** Texts, and columns without any value. */
const OtherProfile = Type.Object({ kind: Type.Literal('other'), ...Missing })

export const ColumnProfile = Type.Union([NumberProfile, CategoryProfile, TimeProfile, OtherProfile])
export type ColumnProfile = Static<typeof ColumnProfile>

/** What is kept of an accepted drop, so that later ones can be compared with it without reading it again. */
export const DropProfile = Type.Object({
  formatVersion: Type.Literal(1),
  rows: Type.Integer({ minimum: 1 }),
  columns: Type.Record(Type.String(), ColumnProfile),
  sketch: Type.Object({
    /** What the hashes are made by: only those of the same kind can be compared. */
    of: Type.String(),
    /** 48-bit hashes of whole rows: all different ones that are smaller than `below`. */
    hashes: Type.Array(Type.Number()),
    below: Type.Number(),
  }),
  /** Columns in which it was implausible when a person let it through: in these, what is like it is plausible. */
  letThrough: Type.Optional(Type.Array(Type.String())),
})
export type DropProfile = Static<typeof DropProfile>
