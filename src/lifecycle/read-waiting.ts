import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readDrops, type DropFiles } from '../data/read-drops.js'
import type { DropReading } from '../data/snapshot.js'
import type { Drop } from '../drops/drop.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { Attempt } from '../workflow/stage.js'
import { attemptLog } from './folders.js'
import type { LifecycleRun, Rooms } from './run.js'

/** Drops that one child reads: a backlog of thousands would be more than it can tell in one answer. */
const DROPS_A_CHILD = 50
/** Raw bytes that are fetched at once. */
const FETCHED_AT_ONCE = 8

/** Reads drops, and keeps the parts of those that keep the contract. */
export async function readAll(rooms: Rooms, run: LifecycleRun, drops: readonly Drop[], attempt: Attempt, folder: string): Promise<ReadonlyMap<string, DropReading>> {
  const readings = new Map(drops.flatMap((drop) => refusedUnread(drop)))
  const readable = drops.filter(({ id }) => !readings.has(id))
  const outputFolder = join(folder, 'parts')
  await mkdir(outputFolder)
  for (const batch of inBatches(readable, DROPS_A_CHILD)) {
    const files: DropFiles[] = []
    for (const some of inBatches(batch, FETCHED_AT_ONCE)) {
      const fetched = await Promise.all(some.map((drop) => fetchDrop(rooms.objects, drop)))
      for (const [index, { id }] of some.entries()) {
        const found = fetched[index]
        if (found === undefined) continue
        if ('faults' in found) readings.set(id, found)
        else files.push(found)
      }
    }
    for (const [id, reading] of await readBatch(rooms, run, files, attempt, folder, outputFolder)) readings.set(id, reading)
  }
  return readings
}

async function readBatch(rooms: Rooms, { definition }: LifecycleRun, drops: readonly DropFiles[], attempt: Attempt, folder: string, outputFolder: string): Promise<ReadonlyMap<string, DropReading>> {
  if (drops.length === 0) return new Map()
  const { columns, contract, delivery, format, limits } = definition
  const readings = await readDrops(
    {
      drops,
      columns,
      otherColumns: contract?.otherColumns,
      deleted: delivery?.kind === 'upsert' ? delivery.deleted : undefined,
      format,
      memoryBytes: limits.dataMemoryBytes,
      token: attempt.token,
      workingFolder: folder,
      outputFolder,
      logFile: attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number),
    },
    attempt.signal,
  )
  const kept = new Map<string, DropReading>()
  for (const [id, reading] of readings) kept.set(id, await keepPart(rooms.objects, reading, outputFolder))
  return kept
}

async function keepPart(objects: ObjectStore, reading: DropReading, folder: string): Promise<DropReading> {
  if (!reading.accepted) return reading
  const { version } = await objects.putFile('parts', join(folder, `${reading.part.sha256}.parquet`), '.parquet')
  return version === undefined ? reading : { ...reading, part: { ...reading.part, objectVersion: version } }
}

/** The raw bytes of a drop on local disk. One whose bytes are lost must not hold up the others for ever. */
async function fetchDrop(objects: ObjectStore, { id, key, object, files, released }: Drop): Promise<DropFiles | (DropReading & { readonly accepted: false })> {
  try {
    const path = await objects.localPath(object)
    if (files === undefined) return { id, key, path, released }
    const local: { readonly key: string; readonly path: string }[] = []
    for (const file of files) local.push({ key: file.key, path: await objects.localPath(file.object) })
    return { id, key, path, released, files: local }
  } catch (error) {
    if (!(error instanceof RefitError && (error.code === 'object-missing' || error.code === 'object-damaged'))) throw error
    return { accepted: false, faults: [{ code: 'lost', message: error.message }] }
  }
}

/** The reading of a drop that is not what its deliverer says it is: nothing in it can be believed. */
function refusedUnread({ id, files = [] }: Drop): readonly (readonly [string, DropReading])[] {
  const wrong = files.filter(({ declaredSha256 }) => declaredSha256 !== undefined)
  const [first] = wrong
  if (first === undefined) return []
  const others = wrong.length === 1 ? '' : `, and so have ${wrong.length - 1} more`
  const message = `File ${first.key} has the SHA-256 ${first.sha256.slice(0, 12)}…, its manifest says ${first.declaredSha256?.slice(0, 12)}…${others}.`
  return [[id, { accepted: false, faults: [{ code: 'other-content', message }] }]]
}

function inBatches<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}
