import { Type } from 'typebox'
import { OtherColumns, StoredColumn, StoredFormat } from '../define/stored-definition.js'
import { DropReading } from './snapshot.js'

/** What the child that reads drops is given. */
export const ReadDropsInput = Type.Object({
  drops: Type.Array(
    Type.Object({
      id: Type.String(),
      key: Type.String(),
      path: Type.String(),
      released: Type.Boolean(),
      files: Type.Optional(Type.Array(Type.Object({ key: Type.String(), path: Type.String() }))),
    }),
  ),
  format: StoredFormat,
  columns: Type.Record(Type.String(), StoredColumn),
  otherColumns: Type.Optional(OtherColumns),
  /** The column that tells which rows only delete their key. */
  deleted: Type.Optional(Type.String()),
  memoryBytes: Type.Integer(),
  outputFolder: Type.String(),
})

/** A reading for each drop, by id. */
export const ReadDropsOutput = Type.Record(Type.String(), DropReading)
