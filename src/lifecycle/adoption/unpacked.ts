import { Type, type Static } from 'typebox'
import { Signature, SignatureColumn } from '../../packages/manifest.js'
import { OriginNote } from '../../packages/origin-note.js'

/** What the child that unpacks is given. */
export const UnpackInput = Type.Object({
  /** Local path of the archive. */
  archive: Type.String(),
  /** A new folder, for the model. */
  folder: Type.String(),
  mostBytes: Type.Integer(),
  /** What the definition has for the model to take, in its order. */
  features: Type.Array(SignatureColumn),
  /** The Python by which the definition trains. */
  interpreter: Type.Optional(Type.String()),
})
export type UnpackInput = Static<typeof UnpackInput>

/** What was brought. */
export const Unpacked = Type.Object({
  /** Over the names and contents of its files as they were brought. */
  sha256: Type.String(),
  bytes: Type.Integer(),
  format: Type.String(),
  /** Of a package that Refit has made: it stays what it is. */
  package: Type.Optional(Type.Object({ digest: Type.String(), signature: Signature })),
  /** The columns that the model says it takes, in its order; absent: it does not say. */
  inputs: Type.Optional(Type.Array(Type.String())),
  /** How many columns it takes, where that is all it says. */
  width: Type.Optional(Type.Integer()),
  mlflowRun: Type.Optional(Type.String()),
  note: Type.Optional(OriginNote),
  /** Local path of the rows that it was trained on, with its name in the upload. */
  trainedOn: Type.Optional(Type.Object({ path: Type.String(), name: Type.String() })),
})
export type Unpacked = Static<typeof Unpacked>
