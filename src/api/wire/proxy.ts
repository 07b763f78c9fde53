import { Type, type Static } from 'typebox'

/** Of a version that is checked by proxy: how many rows it was trained on, and the package that was checked for it. */
export const CheckedByProxy = Type.Object({ rows: Type.Integer(), digest: Type.String() })
export type CheckedByProxy = Static<typeof CheckedByProxy>
