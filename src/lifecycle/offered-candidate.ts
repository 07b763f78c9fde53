import { join } from 'node:path'
import type { Sets } from '../data/snapshot.js'
import { storePackage } from '../packages/store.js'
import { getVersion } from '../registry/version.js'
import type { Offer } from '../runs/offer.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { columnsTaken, requireFit } from './adoption/fit.js'
import { unpack } from './adoption/unpack.js'
import type { Candidate } from './candidate.js'
import { attemptFolder, attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { packageModel } from './package-model.js'
import type { LifecycleRun, Rooms } from './run.js'
import { ensureSets } from './split.js'
import { train } from './train.js'
import { trainingInterpreter } from './training-interpreter.js'

/** The candidate of a run: the one that it was offered, which from here on is one like any other, or one that it trains. */
export function trainOrTake(rooms: Rooms, run: LifecycleRun, data: Ingested, sets: Sets, attempt: Attempt): Promise<Commit<Candidate>> {
  return run.offer === undefined ? train(rooms, run, data, sets, attempt) : takeOffered(rooms, run, run.offer, data, sets, attempt)
}

async function takeOffered(rooms: Rooms, run: LifecycleRun, offer: Offer, data: Ingested, sets: Sets, attempt: Attempt): Promise<Commit<Candidate>> {
  const candidate = offer.kind === 'version' ? await offeredVersion(rooms, run, offer.version) : await offeredPackage(rooms, run, offer.object, data, sets, attempt)
  return async (transaction) => {
    await transaction.updateTable('runs').set({ candidate: candidate.digest }).where('id', '=', run.id).execute()
    return candidate
  }
}

async function offeredVersion({ database }: Rooms, run: LifecycleRun, number: number): Promise<Candidate> {
  const { digest, format, signature, lineage } = await getVersion(database, run.model, number)
  requireFit(run.definition, signature, `Version ${number}`)
  const { object: _manifest, ...versions } = lineage.package ?? { object: '' }
  return { digest, format, signature, milliseconds: 0, ...versions }
}

/** A package of Refit stays what it is, to the last bit; anything else becomes one as what a trainer leaves does. */
async function offeredPackage(rooms: Rooms, run: LifecycleRun, object: string, data: Ingested, former: Sets, attempt: Attempt): Promise<Candidate> {
  const { definition } = run
  const startedAt = performance.now()
  const folder = await attemptFolder(rooms.stateFolder, attempt)
  const unpacked = await unpack(
    {
      archive: await rooms.objects.localPath(object),
      definition,
      projectFolder: rooms.projectFolder,
      interpreter: await trainingInterpreter(rooms, definition),
      workingFolder: join(folder, 'upload'),
      token: attempt.token,
      logFile: attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number),
      entry: rooms.childEntries.unpack,
    },
    attempt.signal,
  )
  const milliseconds = (): number => Math.round(performance.now() - startedAt)
  if (unpacked.package !== undefined) {
    const { digest, signature } = unpacked.package
    requireFit(definition, signature, 'What was brought')
    const { versions } = await storePackage(rooms.objects, unpacked.folder)
    return { digest, format: unpacked.format, signature, milliseconds: milliseconds(), ...versions }
  }
  const takes = columnsTaken(definition, unpacked)
  const sets = await ensureSets(rooms, run, data, former, attempt, folder)
  const { digest, format, signature, versions } = await packageModel(rooms, run, data, { folder, modelFolder: unpacked.folder, example: join(sets.folder, 'example.json'), takes }, attempt)
  return { digest, format, signature, milliseconds: milliseconds(), ...versions }
}
