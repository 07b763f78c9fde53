import { Type, type Static } from 'typebox'
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

/** Registers the candidate under the model's next number, with its verdict and everything it was made from. */
export function publish(
  rooms: Pick<Rooms, 'clock' | 'refitVersion'>,
  run: LifecycleRun,
  data: Ingested,
  sets: Sets,
  candidate: Candidate,
  checked: Checked,
): Promise<Commit<Published>> {
  return Promise.resolve(async (transaction) => {
    const at = rooms.clock.now()
    const lineage: Lineage = {
      formatVersion: 1,
      run: run.id,
      snapshot: data.snapshot,
      drops: data.history,
      package: { object: manifestObject(candidate.digest), ...(candidate.objectVersion === undefined ? {} : { objectVersion: candidate.objectVersion }) },
      definitionHash: run.definitionHash,
      codeHash: data.code.hash,
      ...(data.code.commit === undefined ? {} : { commit: data.code.commit }),
      ...(data.code.lockFileHash === undefined ? {} : { lockFileHash: data.code.lockFileHash }),
      ...(data.prepare === undefined ? {} : { prepare: data.prepare.sha256 }),
      environment: data.environment,
      seed: data.seed,
      ...(checked.comparedWith === undefined ? {} : { comparedWith: checked.comparedWith }),
      split: run.definition.split,
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
