import { Type, type Static } from 'typebox'
import { ColumnRole, ColumnType } from '../define/stored-definition.js'

/** `counts` has one more than `edges`: below the first edge, from each edge up to the next, and from the last one on. */
export const Histogram = Type.Object({ edges: Type.Array(Type.Number()), counts: Type.Array(Type.Integer()) })
export type Histogram = Static<typeof Histogram>

/** One column of a snapshot. Figures of values are absent where all of them are missing. */
export const ColumnProfile = Type.Object({
  type: ColumnType,
  role: ColumnRole,
  /** Rows without a value. */
  missing: Type.Integer(),
  /** Different values among the sampled rows. */
  distinct: Type.Integer(),
  /** Of a number: exact, but for quantiles and histogram, which are of the sampled rows. */
  numbers: Type.Optional(
    Type.Object({
      min: Type.Number(),
      max: Type.Number(),
      mean: Type.Number(),
      /** Standard deviation. */
      deviation: Type.Number(),
      quantiles: Type.Object({ p1: Type.Number(), p5: Type.Number(), p25: Type.Number(), p50: Type.Number(), p75: Type.Number(), p95: Type.Number(), p99: Type.Number() }),
      histogram: Histogram,
    }),
  ),
  /** Of a time: the range is exact; edges are milliseconds since 1970. */
  times: Type.Optional(Type.Object({ oldest: Type.String(), newest: Type.String(), histogram: Histogram })),
  /** Of a category or boolean: the most frequent values, in sampled rows, and how many rows have others. */
  categories: Type.Optional(Type.Object({ values: Type.Array(Type.Object({ value: Type.String(), rows: Type.Integer() })), otherRows: Type.Integer() })),
})
export type ColumnProfile = Static<typeof ColumnProfile>

/** How far a column has moved from the former snapshot. */
export const ColumnDrift = Type.Object({
  /** Population stability index over the former bins or categories; absent where there is nothing to compare. */
  psi: Type.Optional(Type.Number()),
  /** Share of missing values, before and now. */
  missingBefore: Type.Number(),
  missing: Type.Number(),
  newCategories: Type.Array(Type.String()),
  goneCategories: Type.Array(Type.String()),
})
export type ColumnDrift = Static<typeof ColumnDrift>

/** What the rows of a snapshot within its window look like, column by column. */
export const SnapshotProfile = Type.Object({
  formatVersion: Type.Literal(1),
  rows: Type.Integer(),
  /** How many rows quantiles, histograms, categories and distinct values were taken from: all, or a sample that is always the same. */
  sampledRows: Type.Integer(),
  columns: Type.Record(Type.String(), ColumnProfile),
  drift: Type.Optional(Type.Object({ /** Digest of the former snapshot. */ since: Type.String(), columns: Type.Record(Type.String(), ColumnDrift) })),
})
export type SnapshotProfile = Static<typeof SnapshotProfile>

/** A former snapshot with its profile. */
export const FormerProfile = Type.Object({ digest: Type.String(), profile: SnapshotProfile })
export type FormerProfile = Static<typeof FormerProfile>

/** From here on a column is said to have moved: usual limits of the population stability index, and a change of the missing share. */
export const MOVED = { some: 0.1, much: 0.25, missing: 0.05 } as const

/** How far a column has moved, in a word; undefined where it stays within its bounds. */
export function movedWord({ psi = 0, missing, missingBefore, newCategories, goneCategories }: ColumnDrift): 'some' | 'much' | undefined {
  if (psi >= MOVED.much) return 'much'
  return psi >= MOVED.some || Math.abs(missing - missingBefore) >= MOVED.missing || newCategories.length > 0 || goneCategories.length > 0 ? 'some' : undefined
}
