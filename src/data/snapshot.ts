import { Type, type Static } from 'typebox'
import { StoredColumn, StoredDelivery, StoredWindow } from '../define/stored-definition.js'
import { DropProfile } from './drop-profile-format.js'

/** One accepted drop as Parquet, named by the hash of its content. Times are ISO 8601 in UTC. */
export const Part = Type.Object({
  drop: Type.String(),
  /** Object key of the Parquet file. */
  object: Type.String(),
  sha256: Type.String(),
  /** Of the object, where the store keeps versions. */
  objectVersion: Type.Optional(Type.String()),
  rows: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
  oldest: Type.Optional(Type.String()),
  newest: Type.Optional(Type.String()),
  /** What it was made for: the needed columns with their types. Known of the drop, not kept with snapshots. */
  columns: Type.Optional(Type.Record(Type.String(), Type.String())),
})
export type Part = Static<typeof Part>

/** The immutable list of parts that a run trains and tests on. */
export const Snapshot = Type.Object({
  formatVersion: Type.Literal(1),
  /** SHA-256 of parts, columns and window in canonical JSON. */
  digest: Type.String(),
  parts: Type.Array(Part),
  columns: Type.Record(Type.String(), StoredColumn),
  window: StoredWindow,
  /** Where the rows of the parts are not simply all there are. */
  delivery: Type.Optional(StoredDelivery),
})
export type Snapshot = Static<typeof Snapshot>

/** Why a drop was refused: one reason a column or drop, with how many rows and a few of them. */
export const DropFault = Type.Object({
  /** A code of `drop-faults.ts`. */
  code: Type.String(),
  column: Type.Optional(Type.String()),
  /** Where the drop has several: the one that it is in. */
  file: Type.Optional(Type.String()),
  message: Type.String(),
  rows: Type.Optional(Type.Integer()),
  /** First offending row numbers (1 is the first data row) with their text. */
  samples: Type.Optional(Type.Array(Type.Object({ row: Type.Integer(), value: Type.String() }))),
  /** Where it is a bug of Refit: the stack. */
  stack: Type.Optional(Type.String()),
})
export type DropFault = Static<typeof DropFault>

/** What reading one drop gave. */
export const DropReading = Type.Union([
  /** Without a profile where the rows have not been read anew. */
  Type.Object({ accepted: Type.Literal(true), part: Part, profile: Type.Optional(DropProfile) }),
  Type.Object({ accepted: Type.Literal(false), faults: Type.Array(DropFault) }),
])
export type DropReading = Static<typeof DropReading>

/** What the split of a run guarantees, in figures. */
export const LeakageReport = Type.Object({
  /** Must be 0. */
  groupsOnBothSides: Type.Integer(),
  /** Rows of the test set that stand, equal in every feature and target, in the training set too. */
  duplicateRowsAcrossSides: Type.Integer(),
  /** The features that tell most of the target by themselves: learnt on the training rows, judged on the test rows. Absent where these are few. */
  told: Type.Optional(Type.Array(Type.Object({ column: Type.String(), measure: Type.Union([Type.Literal('r2'), Type.Literal('accuracy')]), value: Type.Number(), byChance: Type.Optional(Type.Number()) }))),
  warnings: Type.Array(Type.String()),
})
export type LeakageReport = Static<typeof LeakageReport>

/**
 * The training, validation and test set of one run. The folders lie below the run's own and can be made again
 * from the snapshot. `train` and `validation` hold `<name>.parquet` and `<name>.csv` with features, target and weight;
 * `test/test.parquet` also holds key, group and time, `refit_unit` (the resampling unit, text),
 * `refit_drop` (the drop a row came from).
 */
export const Sets = Type.Object({
  folder: Type.String(),
  rows: Type.Object({ train: Type.Integer(), validation: Type.Integer(), test: Type.Integer() }),
  /** Kept out of the others for ever; `holdout/holdout.parquet` is like the test set. */
  holdout: Type.Optional(Type.Object({ rows: Type.Integer(), share: Type.Number() })),
  units: Type.Object({ train: Type.Integer(), test: Type.Integer() }),
  /** Of the test set, where the model has a time column. */
  testOldest: Type.Optional(Type.String()),
  testNewest: Type.Optional(Type.String()),
  /** Newest time among training and validation rows, where the model has a time column. */
  trainedUntil: Type.Optional(Type.String()),
  leakage: LeakageReport,
  /** Mean of the target, or share of each class, in training and validation, by their weights: what the baseline predicts. */
  baseline: Type.Union([
    Type.Object({ kind: Type.Literal('mean'), value: Type.Number() }),
    Type.Object({ kind: Type.Literal('shares'), shares: Type.Record(Type.String(), Type.Number()) }),
  ]),
})
export type Sets = Static<typeof Sets>
