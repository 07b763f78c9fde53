import { Type } from 'typebox'
import { StoredFormat } from '../define/stored-definition.js'

/** What the child that looks at a first drop is given. */
export const InferColumnsInput = Type.Object({
  /** They are looked at as one table; `key` is the name that each arrived under. */
  files: Type.Array(Type.Object({ path: Type.String(), key: Type.String() }), { minItems: 1 }),
  format: StoredFormat,
  /** Names of columns that are expected, in their order. */
  expected: Type.Array(Type.String()),
  mostRows: Type.Integer({ minimum: 1 }),
  memoryBytes: Type.Integer(),
  spillFolder: Type.String(),
})
