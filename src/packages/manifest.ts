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

export const PackageManifest = Type.Object({
  formatVersion: Type.Literal(1),
  /** The predictor that loads it: `ydf`, `onnx`, `module`, … */
  format: Type.String(),
  signature: Signature,
  /** Sorted by path; `refit.json` itself is not listed. */
  files: Type.Array(PackageFile),
})
export type PackageManifest = Static<typeof PackageManifest>
