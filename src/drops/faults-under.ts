import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isWaivable } from '../data/drop-faults.js'
import { readDrops } from '../data/read-drops.js'
import type { DropFault, DropReading } from '../data/snapshot.js'
import type { Database } from '../database/schema.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { ObjectStore } from '../objects/object-store.js'
import { rawFiles, type Drop } from './drop.js'
import { judgeBeside } from './judge.js'
import { acceptedDrops } from './profiles.js'
import { ingestedDrops } from './queries.js'

/**
 * Everything that is wrong with a drop under a definition. An ingest stops at what it meets first: columns hide values,
 * and either hides what only the rows as a whole, or the accepted history, can tell.
 */
export async function faultsUnder(
  { database, objects }: { readonly database: Database; readonly objects: ObjectStore },
  drop: Drop,
  definition: StoredModel,
  signal: AbortSignal,
): Promise<readonly DropFault[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'refit-faults-'))
  const outputFolder = join(scratch, 'parts')
  const files = await Promise.all(rawFiles(drop).map(async ({ key, object }) => ({ key, path: await objects.localPath(object) })))
  const read = async (released: boolean): Promise<DropReading | undefined> => {
    const { id, key } = drop
    const [first] = files
    const raw = drop.files === undefined ? { id, key, path: first?.path ?? '', released } : { id, key, path: '', files, released }
    const { columns, contract, delivery, format, limits } = definition
    const readings = await readDrops(
      {
        drops: [raw],
        columns,
        otherColumns: contract?.otherColumns,
        deleted: delivery?.kind === 'upsert' ? delivery.deleted : undefined,
        format,
        memoryBytes: limits.dataMemoryBytes,
        token: `faults/${process.pid}/${scratch}`,
        workingFolder: scratch,
        outputFolder,
      },
      signal,
    )
    return readings.get(id)
  }
  try {
    await mkdir(outputFolder)
    const plain = await read(false)
    const faults = plain === undefined || plain.accepted ? [] : plain.faults
    const reading = faults.length > 0 && faults.every(({ code }) => isWaivable(code)) ? await read(true) : plain
    if (reading?.accepted !== true) return faults
    const former = (await ingestedDrops(database, drop.model)).find(({ source, key }) => source === drop.source && key === drop.key)
    const judged = judgeBeside(await acceptedDrops(database, drop.model, definition.delivery?.kind), definition).judged({ ...drop, released: false }, reading, former)
    return judged.accepted ? faults : [...faults, ...judged.faults]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
