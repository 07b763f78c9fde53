import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sets } from '../data/snapshot.js'
import { splitSnapshot } from '../data/split-snapshot.js'
import { getSnapshot } from '../drops/snapshots.js'
import type { Attempt, Done } from '../workflow/stage.js'
import { attemptFolder, attemptLog, runFolder } from './folders.js'
import type { Ingested } from './ingest.js'
import type { LifecycleRun, Rooms } from './run.js'

/** Cuts the snapshot into training, validation and test set, each row by its group or time alone. */
export async function split(rooms: Rooms, run: LifecycleRun, data: Ingested, attempt: Attempt): Promise<Done<Sets>> {
  return { result: await cut(rooms, run, data, attempt, await attemptFolder(rooms.stateFolder, attempt)) }
}

/** The sets' folder, made again from the snapshot if it has gone: a run may go on where its files are not. */
export async function ensureSets(rooms: Rooms, run: LifecycleRun, data: Ingested, sets: Sets, attempt: Attempt, workingFolder: string): Promise<Sets> {
  try {
    await stat(sets.folder)
    return sets
  } catch {
    return cut(rooms, run, data, attempt, workingFolder)
  }
}

async function cut(rooms: Rooms, run: LifecycleRun, data: Ingested, attempt: Attempt, workingFolder: string): Promise<Sets> {
  const { database, objects, stateFolder } = rooms
  const snapshot = await getSnapshot(database, run.model, data.snapshot)
  const parts = await Promise.all(snapshot.parts.map(async (part) => ({ ...part, path: await objects.localPath(part.object) })))
  const outputFolder = join(runFolder(stateFolder, run.id), 'sets')
  await rm(outputFolder, { recursive: true, force: true })
  return splitSnapshot(
    {
      // The same snapshot may have been kept before the definition's columns were put into another order.
      snapshot: { ...snapshot, columns: run.definition.columns },
      parts,
      split: run.definition.split,
      task: run.definition.task,
      memoryBytes: run.definition.limits.dataMemoryBytes,
      token: attempt.token,
      workingFolder,
      outputFolder,
      logFile: attemptLog(stateFolder, attempt.run, attempt.stage, attempt.number),
    },
    attempt.signal,
  )
}
