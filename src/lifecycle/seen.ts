import { Type, type Static } from 'typebox'

/** What a model has trained or validated on, as far as it is known: enough to leave those rows out (EVIDENCE rule 4). */
export const Seen = Type.Object({
  /** Drops that it may have seen; of a champion also those that it was checked on. */
  drops: Type.Array(Type.String()),
  /** The rows of those drops, in local files, where they are looked at. Absent: they are not to be had, and may be any. */
  parts: Type.Optional(Type.Array(Type.Object({ drop: Type.String(), path: Type.String() }))),
  /** Whether one of them is in the snapshot no more. */
  lostDrops: Type.Boolean(),
  /** How its sets were cut, and by what rows came to their sides; absent: nobody knows, and they may have come to any. */
  split: Type.Unknown(),
  cutBy: Type.Optional(Type.String()),
  /** Share of the units that were held out of them. */
  holdout: Type.Optional(Type.Number()),
  /** It was trained on every row of those drops but what was held out, on whichever side that lay in the check (EVIDENCE rule 14). */
  everyRow: Type.Optional(Type.Literal(true)),
  /** Newest time among the rows that it was trained or validated on. */
  trainedUntil: Type.Optional(Type.String()),
  /** What was said of a model that was brought: a local file with the digests of its units and what kept these together, a time, or nothing. */
  brought: Type.Optional(
    Type.Union([
      Type.Object({ kind: Type.Literal('units'), file: Type.String(), by: Type.Optional(Type.String()) }),
      Type.Object({ kind: Type.Literal('until'), time: Type.String() }),
      Type.Object({ kind: Type.Literal('unknown') }),
    ]),
  ),
})
export type Seen = Static<typeof Seen>
