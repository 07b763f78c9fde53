import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import type { Sets } from '../data/snapshot.js'
import { refitError, RefitError } from '../errors.js'
import { fetchPackage, PackageVersions } from '../packages/store.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { Candidate } from './candidate.js'
import { clientsRule } from './clients-rule.js'
import type { Checked } from './check.js'
import { attemptFolder, attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { requireServable } from './require-servable.js'
import type { LifecycleRun, Rooms } from './run.js'
import { cutEveryRow, ensureSets } from './split.js'
import { isRolledOut, noteStandard, Standard } from './standard.js'
import { trainModel } from './train-model.js'

/** What a second training has left in place of the candidate. */
export const Refitted = Type.Object({
  ...Candidate.properties,
  /** That it was trained on. */
  rows: Type.Integer(),
  /** The newest time among them, where the model has a time column. */
  trainedUntil: Type.Optional(Type.String()),
  /** The package of the candidate, which was checked for it. */
  checked: Type.Object({ digest: Type.String(), ...PackageVersions.properties }),
  /** Whether what serves from now on keeps the thresholds, as far as that is known. */
  standard: Type.Optional(Standard),
})
export type Refitted = Static<typeof Refitted>

/**
 * Trains once more, on every row but those held out, by the same program, parameters and seed. No row is left to judge the
 * result by, so it is only made sure that it can serve as the candidate can.
 * @throws RefitError `refit-failed`; also whatever comes from the machine and not from the training
 */
export async function refit(rooms: Rooms, run: LifecycleRun, data: Ingested, former: Sets, candidate: Candidate, { verdict, next, standard }: Pick<Checked, 'verdict' | 'next' | 'standard'>, attempt: Attempt): Promise<Commit<Refitted>> {
  const folder = await attemptFolder(rooms.stateFolder, attempt)
  const sets = await ensureSets(rooms, run, data, former, attempt, folder)
  const everyRow = await cutEveryRow(rooms, run, data, attempt, folder)
  const checkedFolder = join(folder, 'checked')
  await fetchPackage(rooms.objects, candidate.digest, checkedFolder)
  const trained = trainModel(rooms, run, data, { folder: everyRow.folder, rows: { train: everyRow.rows, validation: 0 }, checkedFolder }, folder, attempt)
  const made = await trained.catch((error: unknown) => {
    throw isOfTraining(error) ? refitError('refit-failed', { reason: error.message }, { cause: error }) : error
  })
  const madeFolder = join(folder, 'refitted')
  await fetchPackage(rooms.objects, made.digest, madeFolder)
  await requireClients(rooms, run, made)
  await requireServable(
    {
      definition: run.definition,
      setsFolder: sets.folder,
      folder: madeFolder,
      checked: { signature: candidate.signature, rules: verdict.rules },
      projectFolder: rooms.projectFolder,
      token: attempt.token,
      workingFolder: folder,
      logFile: attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number),
      entry: rooms.childEntries.refitted,
    },
    attempt.signal,
  )
  const { digest, objectVersion, files } = candidate
  const refitted = {
    ...made,
    rows: everyRow.rows,
    ...(everyRow.trainedUntil === undefined ? {} : { trainedUntil: everyRow.trainedUntil }),
    checked: { digest, ...(objectVersion === undefined ? {} : { objectVersion }), ...(files === undefined ? {} : { files }) },
  }
  return async (transaction) => {
    const known = next === 'deploy' && !isRolledOut(run, verdict.champion !== undefined || verdict.incomparable !== undefined) ? await noteStandard(transaction, rooms.clock.now(), run, verdict, next, standard) : standard
    return { ...refitted, ...(known === undefined ? {} : { standard: known }) }
  }
}

/** It may know classes that the candidate did not. @throws RefitError `refit-failed` */
async function requireClients({ database }: Rooms, { model, definition }: LifecycleRun, { signature }: Candidate): Promise<void> {
  const found = await clientsRule(database, model, definition, signature)
  if (found?.answer === 'failed') throw refitError('refit-failed', { reason: `what it gave is another model than the one that was checked. ${found.explanation}` })
}

/** What another try would not change. */
function isOfTraining(error: unknown): error is RefitError {
  return error instanceof RefitError && error.status < 500
}
