import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { EveryRow } from '../data/every-row-job.js'
import { gatherEveryRow } from '../data/gather-every-row.js'
import type { SnapshotProfile } from '../data/profile.js'
import type { Sets } from '../data/snapshot.js'
import { splitSnapshot, type SplitRequest } from '../data/split-snapshot.js'
import { prepareSets } from '../prepare/prepare-sets.js'
import { formerProfile, getSnapshot, saveProfile } from '../drops/snapshots.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { attemptFolder, attemptLog, runFolder } from './folders.js'
import type { Ingested } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'

/** Cuts the snapshot into training, validation and test set, each row by its group or time alone, and keeps what its rows look like. */
export async function split(rooms: Rooms, run: LifecycleRun, data: Ingested, attempt: Attempt): Promise<Commit<Sets>> {
  const { sets, profile } = await cut(rooms, run, data, attempt, await attemptFolder(rooms.stateFolder, attempt))
  return async (transaction) => {
    await saveProfile(transaction, run.model, data.snapshot, profile)
    return sets
  }
}

/** The sets' folder, made again from the snapshot if it has gone: a run may go on where its files are not. */
export async function ensureSets(rooms: Rooms, run: LifecycleRun, data: Ingested, sets: Sets, attempt: Attempt, workingFolder: string): Promise<Sets> {
  try {
    await stat(sets.folder)
    return sets
  } catch {
    return (await cut(rooms, run, data, attempt, workingFolder)).sets
  }
}

async function cut(rooms: Rooms, run: LifecycleRun, data: Ingested, attempt: Attempt, workingFolder: string): Promise<{ readonly sets: Sets; readonly profile: SnapshotProfile }> {
  const folder = join(runFolder(rooms.stateFolder, run.id), 'sets')
  const { task } = run.definition
  const former = await formerProfile(rooms.database, run.model, data.snapshot)
  const { profile, ...sets } = await cutPrepared(rooms, run, data, attempt, { folder, workingFolder }, (request) => splitSnapshot({ ...request, task, former }, attempt.signal))
  return { sets, profile }
}

/** Every row of the run's snapshot but those held out, as one training set: what a second training gets. */
export function cutEveryRow(rooms: Rooms, run: LifecycleRun, data: Ingested, attempt: Attempt, workingFolder: string): Promise<EveryRow> {
  return cutPrepared(rooms, run, data, attempt, { folder: join(workingFolder, 'every-row'), workingFolder }, (request) => gatherEveryRow(request, attempt.signal))
}

type Request = Omit<SplitRequest, 'task' | 'former'>

/** Cuts the snapshot into a folder, and prepares what is trained on where the model prepares rows. */
async function cutPrepared<S extends { readonly folder: string }>(
  { database, objects, stateFolder }: Rooms,
  { model, definition }: LifecycleRun,
  data: Ingested,
  attempt: Attempt,
  { folder, workingFolder }: { readonly folder: string; readonly workingFolder: string },
  cutInto: (request: Request) => Promise<S>,
): Promise<S> {
  const snapshot = await getSnapshot(database, model, data.snapshot)
  const parts = await Promise.all(snapshot.parts.map(async (part) => ({ ...part, path: await objects.localPath(part.object) })))
  const cutFolder = `${folder}-cut`
  for (const former of [folder, cutFolder]) await rm(former, { recursive: true, force: true })
  const logFile = attemptLog(stateFolder, attempt.run, attempt.stage, attempt.number)
  const sets = await cutInto({
    // The same snapshot may have been kept before the definition's columns were put into another order.
    snapshot: { ...snapshot, columns: definition.columns },
    parts,
    split: definition.split,
    holdout: definition.holdout,
    memoryBytes: definition.limits.dataMemoryBytes,
    token: attempt.token,
    workingFolder,
    outputFolder: data.prepare === undefined ? folder : cutFolder,
    logFile,
  })
  if (data.prepare === undefined || definition.prepare === undefined) return sets
  return prepareSets(
    {
      sets,
      bundle: await objects.localPath(data.prepare.object),
      prepare: definition.prepare,
      columns: definition.columns,
      parts: parts.map(({ drop, path }) => ({ drop, path, name: data.history.find(({ id }) => id === drop)?.key ?? drop })),
      limits: { milliseconds: definition.limits.trainMilliseconds, memoryBytes: definition.limits.dataMemoryBytes },
      token: attempt.token,
      workingFolder,
      outputFolder: folder,
      logFile,
    },
    attempt.signal,
  )
}
