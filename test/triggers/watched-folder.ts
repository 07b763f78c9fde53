import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../src/database/schema.js'
import { listDrops } from '../../src/drops/queries.js'
import type { Drop } from '../../src/drops/drop.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { registerModels } from '../../src/registry/models.js'
import { folderSource } from '../../src/sources/folder/adapter.js'
import { folder, type FolderOptions } from '../../src/sources/folder/definition.js'
import type { Source } from '../../src/sources/source.js'
import { startTriggers } from '../../src/triggers/triggers.js'
import type { RunningDatabase } from '../support/running-database.js'
import type { SettableClock } from '../support/settable-clock.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

export const SETTLE_MS = 2000

/** The triggers of one model over a real folder; time passes only when the test says so. */
export interface WatchedFolder {
  readonly path: string
  /** Completes a look that began after this call, and with it all that it records and requests. */
  look(): Promise<void>
  /** Two looks, a settling time apart. */
  settle(): Promise<void>
  /** Recorded drops in the order of their arrival. */
  drops(): Promise<readonly Drop[]>
  /** Keys that were opened to be read, in order. */
  readonly opened: readonly string[]
  readonly logged: readonly string[]
  /** How many watches on the folder are open. */
  watches(): number
  stop(): Promise<void>
}

export async function watchFolder(running: RunningDatabase, clock: SettableClock, model: string, options: FolderOptions = {}): Promise<WatchedFolder> {
  const definition = modelNamed(model, { source: folder(`drops/${model}`, options) })
  await registerModels(running.database, clock, projectOf(definition), 'test')
  const path = join(running.folder, 'drops', model)
  await mkdir(path, { recursive: true })
  const looks = { begun: 0, watches: 0 }
  const opened: string[] = []
  const logged: string[] = []
  const note = (message: string): void => {
    logged.push(message)
  }
  const triggers = startTriggers({
    database: running.database,
    objects: filesystemObjects(join(running.folder, '.refit', 'objects')),
    clock,
    openSource: ({ definition }) => observed(folderSource(running.folder, definition.source.options), looks, opened),
    lookEvery: 60_000,
    settleFor: SETTLE_MS,
    log: { warn: note, error: note },
  })
  const look = async (): Promise<void> => {
    // The second look after now begins when the first has ended.
    const until = looks.begun + 2
    while (looks.begun < until) {
      triggers.hint()
      await delay(5)
    }
  }
  return {
    path,
    look,
    settle: async () => {
      await look()
      clock.advance(SETTLE_MS)
      await look()
    },
    drops: () => dropsInOrder(running.database, model),
    opened,
    logged,
    watches: () => looks.watches,
    stop: () => triggers.stop(),
  }
}

async function dropsInOrder(database: Database, model: string): Promise<readonly Drop[]> {
  const number = (drop: Drop): number => Number(drop.id.slice(`${model}-d`.length))
  return (await listDrops(database, model)).toSorted((a, b) => number(a) - number(b))
}

/** A source as it is; tells when a look begins and what is opened. */
function observed(source: Source, looks: { begun: number; watches: number }, opened: string[]): Source {
  return {
    ...source,
    list: (request) => {
      looks.begun += 1
      return source.list(request)
    },
    watch: async (hint) => {
      const unwatch = await source.watch(hint)
      looks.watches += 1
      return async () => {
        looks.watches -= 1
        await unwatch()
      }
    },
    open: (object) => {
      opened.push(object.key)
      return source.open(object)
    },
  }
}
