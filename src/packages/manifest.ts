import { Type, type Static } from 'typebox'

/**
 * `refit.json`, the heart of a model package: a folder with this manifest, an `MLmodel` file and the model's files.
 * A package's digest is the SHA-256 of its canonical manifest. It excludes time, run and path, so the same
 * model always has the same digest; it is never an identity.
 */

/** The manifest's name in the folder. */
export const MANIFEST_FILE = 'refit.json'

/** One input column, in the order in which the predictor takes them. */
export const SignatureColumn = Type.Object({
  name: Type.String(),
  type: Type.Union([Type.Literal('number'), Type.Literal('category'), Type.Literal('boolean')]),
  optional: Type.Boolean(),
})
export type SignatureColumn = Static<typeof SignatureColumn>

export const Signature = Type.Object({
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
  inputs: Type.Array(SignatureColumn),
  target: Type.String(),
  /** Class labels in the order of the probabilities; empty for a regression. */
  classes: Type.Array(Type.String()),
})
export type Signature = Static<typeof Signature>

export const PackageFile = Type.Object({
  /** Relative to the package folder, with `/`. */
  path: Type.String(),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  bytes: Type.Integer({ minimum: 0 }),
})
export type PackageFile = Static<typeof PackageFile>

/** A column that a `prepare` module gives, with what its values must keep. */
export const PreparedColumn = Type.Object({
  ...SignatureColumn.properties,
  min: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  values: Type.Optional(Type.Array(Type.String())),
})
export type PreparedColumn = Static<typeof PreparedColumn>

/** How rows are prepared: `PREPARE_FILE` is given the inputs of the signature. */
export const PackagePrepare = Type.Object({
  outputs: Type.Array(PreparedColumn),
  /** What the model itself takes, in its order: outputs, and inputs of the signature as they came. */
  features: Type.Array(SignatureColumn),
})
export type PackagePrepare = Static<typeof PackagePrepare>

/** The `prepare` module's name in the folder, bundled into one CommonJS file. */
export const PREPARE_FILE = 'refit-prepare.cjs'

/** What every package has had from the first format on. */
export const FirstManifest = Type.Object({
  formatVersion: Type.Literal(1),
  /** The predictor that loads it: `ydf`, `onnx`, `module`, … */
  format: Type.String(),
  /** What callers send and get. */
  signature: Signature,
  /** Sorted by path; `refit.json` itself is not listed. */
  files: Type.Array(PackageFile),
})

/** The second format: rows are prepared. A package without that is still written in the first, so that its digest stays. */
export const PackageManifest = Type.Object({
  ...FirstManifest.properties,
  formatVersion: Type.Union([Type.Literal(1), Type.Literal(2)]),
  prepare: Type.Optional(PackagePrepare),
})
export type PackageManifest = Static<typeof PackageManifest>

/** The signature of the model itself, behind what prepares its rows. */
export function modelSignature({ signature, prepare }: Pick<PackageManifest, 'signature' | 'prepare'>): Signature {
  return prepare === undefined ? signature : { ...signature, inputs: prepare.features }
}
