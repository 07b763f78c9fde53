import { Type } from 'typebox'

/** What the child that looks at a first file is given. */
export const InferColumnsInput = Type.Object({
  path: Type.String(),
  /** The name that it arrived under. */
  key: Type.String(),
  mostRows: Type.Integer({ minimum: 1 }),
  memoryBytes: Type.Integer(),
  spillFolder: Type.String(),
})
