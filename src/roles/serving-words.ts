import { Type, type Static } from 'typebox'

/** A metric with its values, as prom-client puts it. */
export const ToldMetric = Type.Object({ name: Type.String(), type: Type.String(), aggregator: Type.String(), values: Type.Array(Type.Object({ value: Type.Number() })) })
export type ToldMetric = Static<typeof ToldMetric>

/** What a process that answers says to the one that has started it. */
export const FromServer = Type.Union([
  Type.Object({ kind: Type.Literal('listening'), url: Type.String() }),
  /** Somebody asks it for the metrics of all. */
  Type.Object({ kind: Type.Literal('all-metrics-wanted'), id: Type.Integer() }),
  /** Its own; by a number where it was asked for them. */
  Type.Object({ kind: Type.Literal('metrics'), id: Type.Optional(Type.Integer()), values: Type.Array(ToldMetric) }),
  /** It needs a package, besides those that it has named before. */
  Type.Object({ kind: Type.Literal('package-needed'), id: Type.Integer(), digest: Type.String() }),
  /** It needs these packages, and no others any more. */
  Type.Object({ kind: Type.Literal('packages-needed'), id: Type.Integer(), digests: Type.Array(Type.String()) }),
])
export type FromServer = Static<typeof FromServer>

/** And the other way. */
export const ToServer = Type.Union([
  Type.Object({ kind: Type.Literal('metrics-wanted'), id: Type.Integer() }),
  Type.Object({ kind: Type.Literal('all-metrics'), id: Type.Integer(), text: Type.String() }),
  /** What it needs is known, and nothing of that is removed. */
  Type.Object({ kind: Type.Literal('packages-noted'), id: Type.Integer() }),
])
export type ToServer = Static<typeof ToServer>
