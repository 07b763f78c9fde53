import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { recordDrop, recordDropOfFiles, recordedVersions, versionKey, type Arrival } from '../drops/record.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { RegisteredModel } from '../registry/models.js'
import { requestRun } from '../runs/requests.js'
import type { ListedObject, Source } from '../sources/source.js'

/** What became of a listing. */
export interface RecordedListing {
  /** Keys of what is recorded now. */
  readonly recorded: readonly string[]
  /** Keys of what could not be read, with the `source-unreadable` that says why. */
  readonly unreadable: ReadonlyMap<string, RefitError>
}

/**
 * Records what a source lists and is not recorded yet, in the order of the keys, so that weekly files that
 * arrive together are taken in their order. `watermark` is the one that the source was asked with.
 */
export async function recordListed(
  database: Database,
  objects: ObjectStore,
  clock: Clock,
  model: string,
  source: Source,
  listed: readonly ListedObject[],
  watermark?: string,
): Promise<RecordedListing> {
  const known = await recordedVersions(database, model, source.name, listed.map(({ key }) => key))
  const recorded: string[] = []
  const unreadable = new Map<string, RefitError>()
  for (const object of listed.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    try {
      if (!known.has(versionKey(object.key, object.version))) await recordObject(database, objects, clock, model, source, object, watermark)
      recorded.push(object.key)
    } catch (error) {
      // It has been written again since it was listed: it settles once more.
      if (error instanceof RefitError && error.code === 'source-object-gone') continue
      // One that may not be read must not keep back those that come after it; it is told when they are recorded.
      if (!(error instanceof RefitError && error.code === 'source-unreadable')) throw error
      unreadable.set(object.key, error)
    }
  }
  return { recorded, unreadable }
}

async function recordObject(database: Database, objects: ObjectStore, clock: Clock, model: string, source: Source, object: ListedObject, before: string | undefined): Promise<void> {
  const { key, version, files, watermark: after } = object
  const arrival: Arrival = { model, source: source.name, key, sourceVersion: version, actor: 'arrival', ...(after === undefined ? {} : { watermark: { before, after } }) }
  if (files === undefined) {
    await recordDrop(database, objects, clock, arrival, await source.open(object))
    return
  }
  const within = `${key}/`
  const arrived = files.map((file) => ({ key: file.key.startsWith(within) ? file.key.slice(within.length) : file.key, declaredSha256: file.declaredSha256, open: () => source.open(file) }))
  await recordDropOfFiles(database, objects, clock, arrival, arrived)
}

/**
 * Requests a run of a model that starts on arrival and has drops which no run will take. Looking at the state instead
 * of at the arrival itself makes a crash in between harmless.
 */
export async function requestRunForDrops(database: Database, clock: Clock, { name: model, definition }: RegisteredModel): Promise<void> {
  if (!definition.triggers.some((trigger) => trigger.kind === 'arrival')) return
  const drop = await dropWithoutRun(database, clock, model)
  if (drop !== undefined) await requestRun(database, clock, { model, cause: { trigger: 'arrival', actor: 'arrival', detail: drop.key } })
}

/** A drop that no run will take, unless the newest one waits, or has yet to finish its ingest. */
async function dropWithoutRun(database: Database, clock: Clock, model: string): Promise<{ readonly key: string } | undefined> {
  const drops = database.selectFrom('drops').select('key').where('model', '=', model).where('state', '=', 'recorded').limit(1)
  if ((await drops.executeTakeFirst()) === undefined) return undefined
  const newest = await database
    .selectFrom('runs')
    .leftJoin('stages', (join) => join.onRef('stages.run', '=', 'runs.id').on('stages.name', '=', 'ingest'))
    .select(['runs.ended_at', 'stages.name as ingested'])
    .where('runs.model', '=', model)
    .orderBy('runs.number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (newest === undefined || newest.ingested !== null) return drops.executeTakeFirst()
  if (newest.ended_at === null) return undefined
  // A run that failed or was cancelled before it took its drops is not repeated for the same ones over and over: they
  // go with the next run there is a cause for; what someone has released or restored since is a cause. A time that lies ahead comes from a wrong clock.
  return newest.ended_at > clock.now() ? drops.executeTakeFirst() : drops.where('changed_at', '>', newest.ended_at).executeTakeFirst()
}
