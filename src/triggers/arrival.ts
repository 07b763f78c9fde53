import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { recordDrop, recordedVersions, versionKey } from '../drops/record.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { RegisteredModel } from '../registry/models.js'
import { requestRun } from '../runs/requests.js'
import type { ListedObject, Source } from '../sources/source.js'

/**
 * Records what has settled in a source and is not recorded yet, in the order of the keys, so that weekly files that
 * arrive together are taken in their order.
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
  for (const object of settled.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    if (known.has(versionKey(object.key, object.version))) continue
    const content = await source.open(object)
    await recordDrop(database, objects, clock, { model, source: source.name, key: object.key, sourceVersion: object.version, actor: 'arrival' }, content)
  }
}

/**
 * Requests a run for every model that starts on arrival and has drops which no run will take: none waits, and the
 * active one, if any, has taken its drops already. Looking at the state instead of at the arrival itself makes a
 * crash in between harmless.
 */
export async function requestRunsForDrops(database: Database, clock: Clock, models: readonly RegisteredModel[]): Promise<void> {
  for (const model of models) {
    if (!model.definition.triggers.some((trigger) => trigger.kind === 'arrival')) continue
    const waitingDrop = await database
      .selectFrom('drops')
      .select(['id', 'key'])
      .where('model', '=', model.name)
      .where('state', '=', 'recorded')
      .limit(1)
      .executeTakeFirst()
    if (waitingDrop === undefined) continue
    const open = await database
      .selectFrom('runs')
      .leftJoin('stages', (join) => join.onRef('stages.run', '=', 'runs.id').on('stages.name', '=', 'ingest'))
      .select(['runs.id', 'runs.state', 'stages.name as ingested'])
      .where('runs.model', '=', model.name)
      .where('runs.state', 'in', ['waiting', 'active'])
      .execute()
    const willTakeIt = open.some((run) => run.state === 'waiting' || run.ingested === null)
    if (willTakeIt) continue
    await requestRun(database, clock, { model: model.name, cause: { trigger: 'arrival', actor: 'arrival', detail: waitingDrop.key } })
  }
}
