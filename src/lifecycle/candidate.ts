import { Type, type Static } from 'typebox'
import { Signature } from '../packages/manifest.js'
import { PackageVersions } from '../packages/store.js'

/** What a run has trained, or was offered. */
export const Candidate = Type.Object({
  /** Of the package in the object store. */
  digest: Type.String(),
  format: Type.String(),
  signature: Signature,
  milliseconds: Type.Integer(),
  /** The run that its training has logged to, as MLflow's clients know it. */
  mlflowRun: Type.Optional(Type.String()),
  ...PackageVersions.properties,
})
export type Candidate = Static<typeof Candidate>
