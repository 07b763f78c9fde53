import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { recordDrop, recordedVersions, versionKey } from '../drops/record.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { RegisteredModel } from '../registry/models.js'
import { requestRun } from '../runs/requests.js'
import type { ListedObject, Source } from '../sources/source.js'

/**
 * Records what has settled in a source and is not recorded yet, in the order of the keys, so that weekly files that
 * arrive together are taken in their order.
 * @throws RefitError `source-unreadable` for the first that could not be read, when all others are recorded
 */
export async function recordSettled(
  database: Database,
  objects: ObjectStore,
  clock: Clock,
  model: string,
  source: Source,
  settled: readonly ListedObject[],
): Promise<void> {
  if (settled.length === 0) return
  const known = await recordedVersions(database, model, source.name)
  let unreadable: RefitError | undefined
  for (const object of settled.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    if (known.has(versionKey(object.key, object.version))) continue
    const arrival = { model, source: source.name, key: object.key, sourceVersion: object.version, actor: 'arrival' }
    try {
      await recordDrop(database, objects, clock, arrival, await source.open(object))
    } catch (error) {
      // It has been written again since it was listed: it settles once more.
      if (error instanceof RefitError && error.code === 'source-object-gone') continue
      // One that may not be read must not keep back those that come after it; it is told when they are recorded.
      if (!(error instanceof RefitError && error.code === 'source-unreadable')) throw error
      unreadable ??= error
    }
  }
  if (unreadable !== undefined) throw unreadable
}

/**
 * Requests a run for every model that starts on arrival and has drops which no run will take. Looking at the state
 * instead of at the arrival itself makes a crash in between harmless.
 */
export async function requestRunsForDrops(database: Database, clock: Clock, models: readonly RegisteredModel[]): Promise<void> {
  for (const model of models) {
    if (!model.definition.triggers.some((trigger) => trigger.kind === 'arrival')) continue
    const drop = await dropWithoutRun(database, clock, model.name)
    if (drop !== undefined) await requestRun(database, clock, { model: model.name, cause: { trigger: 'arrival', actor: 'arrival', detail: drop.key } })
  }
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
  // go with the next run there is a cause for. A time that lies ahead comes from a wrong clock.
  return newest.ended_at > clock.now() ? drops.executeTakeFirst() : drops.where('recorded_at', '>', newest.ended_at).executeTakeFirst()
}
