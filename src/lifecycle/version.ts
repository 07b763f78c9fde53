import { Type, type Static } from 'typebox'
import { cutBy } from '../define/comparability.js'
import { manifestObject } from '../packages/store.js'
import { supersedeAwaiting } from '../registry/approval.js'
import { addVersion, type Lineage } from '../registry/version.js'
import type { Sets } from '../data/snapshot.js'
import type { Commit } from '../workflow/stage.js'
import type { Checked } from './check.js'
import type { Ingested } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'
import type { Candidate } from './train.js'

export const Published = Type.Object({ number: Type.Integer(), digest: Type.String() })
export type Published = Static<typeof Published>

/**
 * Registers the candidate under the model's next number, with its verdict and everything it was made from. One that is a
 * version already stays that: its new verdict is kept with the run.
 */
export function publish(
  rooms: Pick<Rooms, 'clock' | 'refitVersion'>,
  run: LifecycleRun,
  data: Ingested,
  sets: Sets,
  candidate: Candidate,
  checked: Checked,
): Promise<Commit<Published>> {
  const { offer } = run
  if (offer?.kind === 'version') {
    return Promise.resolve(async (transaction) => {
      await transaction.updateTable('runs').set({ version: offer.version }).where('id', '=', run.id).execute()
      return { number: offer.version, digest: candidate.digest }
    })
  }
  return Promise.resolve(async (transaction) => {
    const at = rooms.clock.now()
    const { objectVersion, files } = candidate
    const versions = { ...(objectVersion === undefined ? {} : { objectVersion }), ...(files === undefined ? {} : { files }) }
    const lineage: Lineage = {
      formatVersion: offer === undefined ? 1 : 2,
      run: run.id,
      snapshot: data.snapshot,
      // A package that was brought was not made from what is here, only checked on it.
      drops: offer === undefined ? data.history : [],
      ...(offer === undefined ? {} : { origin: offer.origin }),
      package: { object: manifestObject(candidate.digest), ...versions },
      definitionHash: run.definitionHash,
      codeHash: data.code.hash,
      ...(data.code.commit === undefined ? {} : { commit: data.code.commit }),
      ...(data.code.lockFileHash === undefined ? {} : { lockFileHash: data.code.lockFileHash }),
      ...(data.prepare === undefined ? {} : { prepare: data.prepare.sha256 }),
      environment: data.environment,
      seed: data.seed,
      ...(checked.comparedWith === undefined ? {} : { comparedWith: checked.comparedWith }),
      split: run.definition.split,
      cutBy: cutBy(run.definition),
      ...(run.definition.holdout === undefined ? {} : { holdout: run.definition.holdout }),
      ...(sets.trainedUntil === undefined ? {} : { trainedUntil: sets.trainedUntil }),
    }
    const number = await addVersion(transaction, at, {
      model: run.model,
      run: run.id,
      digest: candidate.digest,
      format: candidate.format,
      state: checked.next === 'approval' ? 'awaiting-approval' : 'passed',
      signature: candidate.signature,
      verdict: checked.verdict,
      lineage,
    })
    await supersedeAwaiting(transaction, at, run.model, number)
    await transaction.updateTable('runs').set({ version: number }).where('id', '=', run.id).execute()
    return { number, digest: candidate.digest }
  })
}
