import { Type, type Static } from 'typebox'
import { StoredFormat } from '../define/stored-definition.js'

/** How scored rows are written. `json` is one array, `ndjson` one object a line. */
export const OutputFormat = Type.Object({
  kind: Type.Union([Type.Literal('parquet'), Type.Literal('csv'), Type.Literal('ndjson'), Type.Literal('json')]),
  gzip: Type.Boolean(),
})
export type OutputFormat = Static<typeof OutputFormat>

/** What the child that scores a file is given. */
export const ScoreInput = Type.Object({
  input: Type.Object({
    path: Type.String(),
    /** The name that tells its format. */
    name: Type.String(),
    /** What the definition declares of files. */
    format: StoredFormat,
  }),
  package: Type.Object({
    /** Where the package lies, or is unpacked to. */
    folder: Type.String(),
    digest: Type.String(),
    /** A tar archive of it, where it has yet to be unpacked. */
    archive: Type.Optional(Type.String()),
  }),
  /** Keeps the parts that are finished. Whoever goes on is given the same one. */
  workFolder: Type.String(),
  output: Type.Object({ path: Type.String(), format: OutputFormat }),
  memoryBytes: Type.Integer(),
  /** So long the model may take for what it is asked at once. */
  answerMilliseconds: Type.Integer({ minimum: 1 }),
})
export type ScoreInput = Static<typeof ScoreInput>

/** A row that could not be scored; the first row is 1. */
export const RejectedRow = Type.Object({ row: Type.Integer(), reason: Type.String() })
export type RejectedRow = Static<typeof RejectedRow>

/** What became of a file. */
export const Scored = Type.Object({
  rows: Type.Integer(),
  /** Rows without a prediction. */
  rejected: Type.Integer(),
  /** The first of them. */
  samples: Type.Array(RejectedRow),
  /** Rows that an earlier try had scored. */
  kept: Type.Integer(),
})
export type Scored = Static<typeof Scored>

/** How far a file is. */
export const ScoringProgress = Type.Object({
  phase: Type.Union([Type.Literal('reading'), Type.Literal('scoring'), Type.Literal('writing')]),
  /** Rows scored so far, of how many; 0 of 0 while they are counted. */
  done: Type.Integer(),
  of: Type.Integer(),
})
export type ScoringProgress = Static<typeof ScoringProgress>

/** Where the child says how far it is, in its folder. */
export const PROGRESS_FILE = 'progress.json'
