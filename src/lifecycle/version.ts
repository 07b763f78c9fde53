import { Type, type Static } from 'typebox'
import { cutBy } from '../define/comparability.js'
import { manifestObject, type PackageVersions } from '../packages/store.js'
import { supersedeAwaiting } from '../registry/approval.js'
import { addVersion, type KeptPackage, type Lineage } from '../registry/version.js'
import type { Sets } from '../data/snapshot.js'
import type { Commit } from '../workflow/stage.js'
import type { Candidate } from './candidate.js'
import type { Checked } from './check.js'
import type { Ingested } from './ingested.js'
import type { Refitted } from './refit.js'
import type { LifecycleRun, Rooms } from './run.js'

export const Published = Type.Object({ number: Type.Integer(), digest: Type.String() })
export type Published = Static<typeof Published>

/**
 * Registers the candidate, or what was trained once more in its place, under the model's next number, with its verdict and
 * everything it was made from. One that is a version already stays that: its new verdict is kept with the run.
 */
export function publish(
  rooms: Pick<Rooms, 'clock' | 'refitVersion'>,
  run: LifecycleRun,
  data: Ingested,
  sets: Sets,
  made: Candidate | Refitted,
  checked: Checked,
): Promise<Commit<Published>> {
  const { offer } = run
  if (offer?.kind === 'version') {
    return Promise.resolve(async (transaction) => {
      await transaction.updateTable('runs').set({ version: offer.version }).where('id', '=', run.id).execute()
      return { number: offer.version, digest: made.digest }
    })
  }
  return Promise.resolve(async (transaction) => {
    const at = rooms.clock.now()
    const refitted = 'checked' in made ? made : undefined
    const trainedUntil = refitted === undefined ? sets.trainedUntil : refitted.trainedUntil
    const lineage: Lineage = {
      formatVersion: refitted === undefined ? (offer === undefined ? 1 : 2) : 3,
      run: run.id,
      snapshot: data.snapshot,
      // A package that was brought was not made from what is here, only checked on it.
      drops: offer === undefined ? data.history : [],
      ...(offer === undefined ? {} : { origin: offer.origin }),
      package: kept(made),
      ...(refitted === undefined ? {} : { refitted: { rows: refitted.rows, checked: { digest: refitted.checked.digest, package: kept(refitted.checked), ...(sets.trainedUntil === undefined ? {} : { trainedUntil: sets.trainedUntil }) } } }),
      definitionHash: run.definitionHash,
      codeHash: data.code.hash,
      ...(data.code.commit === undefined ? {} : { commit: data.code.commit }),
      ...(data.code.lockFileHash === undefined ? {} : { lockFileHash: data.code.lockFileHash }),
      ...(data.prepare === undefined ? {} : { prepare: data.prepare.sha256 }),
      environment: data.environment,
      seed: data.seed,
      ...(made.mlflowRun === undefined ? {} : { mlflowRun: made.mlflowRun }),
      ...(checked.comparedWith === undefined ? {} : { comparedWith: checked.comparedWith }),
      split: run.definition.split,
      cutBy: cutBy(run.definition),
      ...(run.definition.holdout === undefined ? {} : { holdout: run.definition.holdout }),
      ...(trainedUntil === undefined ? {} : { trainedUntil }),
    }
    const number = await addVersion(transaction, at, {
      model: run.model,
      run: run.id,
      digest: made.digest,
      format: made.format,
      state: checked.next === 'approval' ? 'awaiting-approval' : 'passed',
      signature: made.signature,
      verdict: checked.verdict,
      lineage,
    })
    await supersedeAwaiting(transaction, at, run.model, number)
    await transaction.updateTable('runs').set({ version: number }).where('id', '=', run.id).execute()
    return { number, digest: made.digest }
  })
}

/** Where a package lies in the object store. */
function kept({ digest, objectVersion, files }: { readonly digest: string } & PackageVersions): KeptPackage {
  return { object: manifestObject(digest), ...(objectVersion === undefined ? {} : { objectVersion }), ...(files === undefined ? {} : { files }) }
}
