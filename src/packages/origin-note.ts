import { Type, type Static } from 'typebox'

/** In an upload, what is no part of the model: where a package comes from, and the rows that a model was trained on. */
export const ORIGIN_FILE = 'refit-origin.json'
export const TRAINED_ON_PREFIX = 'refit-trained-on.'

/** What another state of Refit tells of a version that leaves it. */
export const OriginNote = Type.Object({
  formatVersion: Type.Literal(1),
  model: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  digest: Type.String(),
  run: Type.Optional(Type.String()),
  trainedOn: Type.Union([
    /** Drops of these contents, and how they were cut into sets. */
    Type.Object({
      kind: Type.Literal('drops'),
      drops: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' })),
      split: Type.Unknown(),
      holdout: Type.Optional(Type.Number()),
      trainedUntil: Type.Optional(Type.String()),
      /** By what rows came to their sides (`cutBy`). Absent in notes of former releases: nobody knows then. */
      cutBy: Type.Optional(Type.String()),
    }),
    Type.Object({ kind: Type.Literal('until'), time: Type.String() }),
    Type.Object({ kind: Type.Literal('unknown') }),
  ]),
})
export type OriginNote = Static<typeof OriginNote>
