import { Type, type Static } from 'typebox'

/** What a package that was brought has been trained on, as far as whoever brings it can tell (EVIDENCE rule 4). */
export const TrainedOn = Type.Union([
  /** On these units: an object with the digests of their texts. */
  Type.Object({
    kind: Type.Literal('units'),
    object: Type.String(),
    units: Type.Integer(),
    /** What kept rows together when they were made (`keptTogetherBy`). Absent in those of former releases. */
    by: Type.Optional(Type.String()),
  }),
  /** On nothing newer than this. */
  Type.Object({ kind: Type.Literal('until'), time: Type.String() }),
  /** In another state of Refit, on drops of these contents, cut into sets by the same rules as here or others. */
  Type.Object({
    kind: Type.Literal('elsewhere'),
    drops: Type.Array(Type.String()),
    split: Type.Unknown(),
    holdout: Type.Optional(Type.Number()),
    trainedUntil: Type.Optional(Type.String()),
    /** By what rows came to their sides there (`cutBy`). Absent: nobody knows, and they may have come to others. */
    cutBy: Type.Optional(Type.String()),
  }),
  /** Nobody says: whatever had been recorded by then, by id, it may have seen. */
  Type.Object({ kind: Type.Literal('unknown'), drops: Type.Array(Type.String()) }),
])
export type TrainedOn = Static<typeof TrainedOn>

/** Where a package comes from that was not trained here. */
export const Origin = Type.Object({
  /** The path or URI and the host, as whoever brought it tells them. */
  path: Type.String(),
  host: Type.Optional(Type.String()),
  /** SHA-256 over the names and contents of its files as they were brought. */
  sha256: Type.String(),
  bytes: Type.Integer(),
  /** The run that logged it, where its `MLmodel` names one. */
  mlflowRun: Type.Optional(Type.String()),
  /** The version that it was elsewhere, where it comes from another state of Refit. */
  version: Type.Optional(Type.Object({ environment: Type.Optional(Type.String()), model: Type.String(), number: Type.Integer(), digest: Type.String(), run: Type.Optional(Type.String()) })),
  actor: Type.String(),
  reason: Type.String(),
  at: Type.String(),
  trainedOn: TrainedOn,
})
export type Origin = Static<typeof Origin>

/** A candidate that a run is given instead of training one. */
export const Offer = Type.Union([
  /** A version that there is. */
  Type.Object({ kind: Type.Literal('version'), version: Type.Integer({ minimum: 1 }), actor: Type.String(), reason: Type.Optional(Type.String()) }),
  /** A package that was brought: the object with its files, packed. */
  Type.Object({ kind: Type.Literal('package'), object: Type.String(), origin: Origin }),
])
export type Offer = Static<typeof Offer>

/** A model that somebody brings, as they tell of it. */
export interface Adoption {
  readonly model: string
  readonly actor: string
  readonly reason: string
  /** Where it lies there, and on which host. */
  readonly path: string
  readonly host?: string | undefined
  /** Where it comes from another environment: its name. */
  readonly environment?: string | undefined
  /** The newest time of the rows that it was trained on. */
  readonly trainedUntil?: string | undefined
}
