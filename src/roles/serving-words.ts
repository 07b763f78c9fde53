import { Type, type Static } from 'typebox'

/** What a process that answers says to the one that has started it. */
export const FromServer = Type.Union([
  Type.Object({ kind: Type.Literal('listening'), url: Type.String() }),
  /** Somebody asks it for the metrics of all. */
  Type.Object({ kind: Type.Literal('all-metrics-wanted'), id: Type.Integer() }),
  Type.Object({ kind: Type.Literal('metrics'), id: Type.Integer(), values: Type.Array(Type.Object({})) }),
])
export type FromServer = Static<typeof FromServer>

/** And the other way. */
export const ToServer = Type.Union([
  Type.Object({ kind: Type.Literal('metrics-wanted'), id: Type.Integer() }),
  Type.Object({ kind: Type.Literal('all-metrics'), id: Type.Integer(), text: Type.String() }),
])
export type ToServer = Static<typeof ToServer>
