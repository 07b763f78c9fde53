import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sets } from '../data/snapshot.js'
import { splitSnapshot } from '../data/split-snapshot.js'
import { prepareSets } from '../prepare/prepare-sets.js'
import { getSnapshot } from '../drops/snapshots.js'
import type { Attempt, Done } from '../workflow/stage.js'
import { attemptFolder, attemptLog, runFolder } from './folders.js'
import type { Ingested } from './ingested.js'
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
  const cutFolder = `${outputFolder}-cut`
  for (const former of [outputFolder, cutFolder]) await rm(former, { recursive: true, force: true })
  const { definition } = run
  const logFile = attemptLog(stateFolder, attempt.run, attempt.stage, attempt.number)
  const sets = await splitSnapshot(
    {
      // The same snapshot may have been kept before the definition's columns were put into another order.
      snapshot: { ...snapshot, columns: definition.columns },
      parts,
      split: definition.split,
      holdout: definition.holdout,
      task: definition.task,
      memoryBytes: definition.limits.dataMemoryBytes,
      token: attempt.token,
      workingFolder,
      outputFolder: data.prepare === undefined ? outputFolder : cutFolder,
      logFile,
    },
    attempt.signal,
  )
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
      outputFolder,
      logFile,
    },
    attempt.signal,
  )
}
