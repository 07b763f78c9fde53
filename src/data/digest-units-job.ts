import { Type } from 'typebox'
import { StoredColumn } from '../define/stored-definition.js'
import { DropFault } from './snapshot.js'

/** What the child that digests units is given: a file of rows, and the columns that tell which rows stay together. */
export const DigestUnitsInput = Type.Object({
  file: Type.Object({ path: Type.String(), key: Type.String() }),
  columns: Type.Record(Type.String(), StoredColumn),
  memoryBytes: Type.Integer(),
  /** A folder of its own. */
  workingFolder: Type.String(),
  /** Where the digests go: a Parquet file with a sorted column `unit`. */
  output: Type.String(),
})

export const DigestUnitsOutput = Type.Union([Type.Object({ units: Type.Integer() }), Type.Object({ faults: Type.Array(DropFault) })])
