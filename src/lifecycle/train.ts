import type { Sets } from '../data/snapshot.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import type { Candidate } from './candidate.js'
import { attemptFolder } from './folders.js'
import type { Ingested } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'
import { ensureSets } from './split.js'
import { trainModel } from './train-model.js'

/** Runs the trainer in a process of its own and packages what it leaves. It never sees a test row. */
export async function train(rooms: Rooms, run: LifecycleRun, data: Ingested, former: Sets, attempt: Attempt): Promise<Commit<Candidate>> {
  const folder = await attemptFolder(rooms.stateFolder, attempt)
  const sets = await ensureSets(rooms, run, data, former, attempt, folder)
  const candidate = await trainModel(rooms, run, data, sets, folder, attempt)
  return async (transaction) => {
    await transaction.updateTable('runs').set({ candidate: candidate.digest }).where('id', '=', run.id).execute()
    return candidate
  }
}
