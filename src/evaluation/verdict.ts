import { Type, type Static } from 'typebox'
import { JudgedRule } from '../define/stored-definition.js'
import { Fit } from './fit.js'

/** A metric on one set of rows, with its bootstrap interval; null where the metric is undefined. */
export const Estimate = Type.Object({
  value: Type.Union([Type.Number(), Type.Null()]),
  /** Bounds of the two-sided 90 % interval, i.e. each a one-sided 95 % bound. */
  lower: Type.Union([Type.Number(), Type.Null()]),
  upper: Type.Union([Type.Number(), Type.Null()]),
})
export type Estimate = Static<typeof Estimate>

/** The three answers of EVIDENCE rule 1. */
export const Answer = Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Literal('inconclusive')])
export type Answer = Static<typeof Answer>

/** What one rule found, with every figure it looked at. */
export const RuleResult = Type.Object({
  rule: JudgedRule,
  /** Rules that always apply are `built-in`: the baseline for a first version, and servability. */
  origin: Type.Union([Type.Literal('definition'), Type.Literal('default'), Type.Literal('built-in')]),
  answer: Answer,
  /** One sentence in words and figures, with units, that stands alone. */
  explanation: Type.String(),
  candidate: Type.Optional(Estimate),
  champion: Type.Optional(Estimate),
  /** Harm of the candidate beside the champion or baseline: positive is worse, in the margin's unit. */
  difference: Type.Optional(Estimate),
  limit: Type.Optional(Type.Number()),
  /** A broken threshold that lets the candidate through, since the champion breaks it too and the candidate is proven better (EVIDENCE rule 8). */
  lesserEvil: Type.Optional(Type.Literal(true)),
  /** It would have passed, or been left open, but for the champion's own test rows (EVIDENCE rule 5); the figures are of these. */
  vetoed: Type.Optional(Type.Literal(true)),
  /** Smallest difference that this test set could have told, in the margin's unit. */
  smallestDetectable: Type.Optional(Type.Number()),
  /** How many more units it would take to be conclusive. */
  moreUnits: Type.Optional(Type.Integer()),
  /** Bytes of the packages, where their size is asked for. */
  size: Type.Optional(Type.Object({ candidate: Type.Integer(), champion: Type.Optional(Type.Integer()) })),
  /**
   * Milliseconds of a request, as they were measured, where latency is asked for. No two checks give the same: what rests
   * on a clock is in `timing` and the `explanation` beside it, and else in nothing but the answers and the summary. The same
   * goes for a program of the user's own, which may answer what it likes.
   */
  timing: Type.Optional(Type.Object({ candidate: Type.Number(), champion: Type.Optional(Type.Number()), requests: Type.Integer() })),
  /** What a rule of the user's own has told. */
  figures: Type.Optional(Type.Record(Type.String(), Type.Number())),
  /** The former champions that the candidate was compared with, and those that it could not be. */
  former: Type.Optional(
    Type.Object({
      /** Two versions may share their best figures; each bound is at a confidence that holds for all of them together. */
      confidence: Type.Number(),
      compared: Type.Array(Type.Object({ version: Type.Integer(), rows: Type.Integer(), candidate: Estimate, champion: Estimate, difference: Estimate })),
      skipped: Type.Array(Type.Object({ version: Type.Integer(), reason: Type.String() })),
    }),
  ),
  /** How far the values of a column are apart. */
  between: Type.Optional(
    Type.Object({
      column: Type.String(),
      coveredShare: Type.Number(),
      skipped: Type.Array(Type.Object({ value: Type.String(), rows: Type.Integer(), reason: Type.String() })),
      groups: Type.Array(Type.Object({ value: Type.String(), rows: Type.Integer(), estimate: Estimate })),
      /** Those that are farther apart than allowed, the farthest first; the farthest of all where none is. */
      pairs: Type.Array(Type.Object({ values: Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), difference: Estimate, adjustedP: Type.Number(), answer: Answer })),
    }),
  ),
  slices: Type.Optional(
    Type.Object({
      column: Type.String(),
      /** Share of the test rows that the judged slices cover. */
      coveredShare: Type.Number(),
      skipped: Type.Array(Type.Object({ value: Type.String(), rows: Type.Integer() })),
      judged: Type.Array(
        Type.Object({
          value: Type.String(),
          rows: Type.Integer(),
          estimate: Estimate,
          adjustedP: Type.Number(),
          answer: Answer,
          /** The same of the champion, where it could score the rows. */
          champion: Type.Optional(Type.Object({ estimate: Estimate, adjustedP: Type.Number(), answer: Answer })),
        }),
      ),
    }),
  ),
})
export type RuleResult = Static<typeof RuleResult>

/**
 * What `check` decided, with every figure it looked at; stored whole. Format 1 is that of releases before `lesserEvil`:
 * it has none of the optional fields that say so.
 */
export const Verdict = Type.Object({
  formatVersion: Type.Union([Type.Literal(1), Type.Literal(2)]),
  answer: Answer,
  /** A paragraph: what was decided, by which rules, by how much. */
  summary: Type.String(),
  /** The metric that tables show, and its values. */
  primaryMetric: Type.String(),
  candidate: Type.Record(Type.String(), Estimate),
  champion: Type.Optional(Type.Object({ version: Type.Integer(), metrics: Type.Record(Type.String(), Estimate) })),
  /** The champion, where it could not score these rows, and why (EVIDENCE rule 13). Since format 2. */
  incomparable: Type.Optional(Type.Object({ version: Type.Integer(), reason: Type.String() })),
  baseline: Type.Record(Type.String(), Estimate),
  rules: Type.Array(RuleResult),
  test: Type.Object({
    rows: Type.Integer(),
    units: Type.Integer(),
    /** What is drawn where units are very many: bundles of them. */
    bundles: Type.Optional(Type.Integer()),
    /** What is resampled: `group`, `row`, or a block of time such as `day`. */
    unit: Type.String(),
    /** Rows left out because a model had trained or validated on them or their group (EVIDENCE rule 4). */
    ineligibleRows: Type.Integer(),
    /** Rows that arrived after the champion's snapshot (EVIDENCE rule 5); without a champion all. */
    freshRows: Type.Integer(),
    /** What makes the test set too small to judge by, if it is (EVIDENCE rule 9). Since format 2. */
    tooSmall: Type.Optional(Type.String()),
    /** How many verdicts of this model have rested on the champion's own test rows before (EVIDENCE rule 5). Since format 2. */
    reused: Type.Optional(Type.Integer()),
  }),
  /** The candidate stands for the version, which was trained after it on every row and was not judged (EVIDENCE rule 14). Since format 2. */
  byProxy: Type.Optional(Type.Literal(true)),
  /** On the rows that are held out of every set; shown, and decides nothing. The champion only where it never saw them. */
  holdout: Type.Optional(
    Type.Object({
      rows: Type.Integer(),
      candidate: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])),
      champion: Type.Optional(Type.Object({ version: Type.Integer(), metrics: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])) })),
      /** Why there are no figures. */
      reason: Type.Optional(Type.String()),
    }),
  ),
  /** How the predictions lie beside the truth, for a picture of it. Since format 2; absent in the first verdicts of it. */
  fit: Type.Optional(Fit),
  resamples: Type.Integer(),
  seed: Type.Integer(),
  /** Whether the champion itself falls short of a threshold on these rows (EVIDENCE rule 8). */
  belowStandard: Type.Boolean(),
  /** How it does, a sentence for each threshold. Since format 2. */
  shortfalls: Type.Optional(Type.Array(Type.String())),
  warnings: Type.Array(Type.String()),
})
export type Verdict = Static<typeof Verdict>
