import type { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { refitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { appendEvent } from '../runs/event.js'
import { dropFromRow, type Drop } from './drop.js'

export interface Arrival {
  readonly model: string
  /** Name of the source, e.g. `folder:drops/house-sales` or `upload`. */
  readonly source: string
  readonly key: string
  /** What the source calls this state of the object; undefined: its content does. */
  readonly sourceVersion: string | undefined
  readonly actor: string
}

/**
 * Records an arrived object, once however often it is announced: raw bytes first, then its row.
 * @throws RefitError `not-found` for a model that is not in the project
 */
export async function recordDrop(
  database: Database,
  objects: ObjectStore,
  clock: Clock,
  arrival: Arrival,
  content: Readable,
): Promise<{ readonly drop: Drop; readonly isNew: boolean }> {
  const stored = await objects.put('raw', content)
  const source_version = arrival.sourceVersion ?? stored.sha256
  return database.transaction().execute(async (transaction) => {
    const model = await transaction.selectFrom('models').select('present').where('name', '=', arrival.model).forUpdate().executeTakeFirst()
    if (model?.present !== true) throw refitError('not-found', { what: `model "${arrival.model}"` })
    const known = await transaction
      .selectFrom('drops')
      .selectAll()
      .where('model', '=', arrival.model)
      .where('source', '=', arrival.source)
      .where('key', '=', arrival.key)
      .where((where) => where.or([where('source_version', '=', source_version), where('sha256', '=', stored.sha256)]))
      .orderBy('recorded_at', 'desc')
      .executeTakeFirst()
    // The same bytes under the same name are the same drop, though a touched file has a new version.
    if (known !== undefined && (known.sha256 === stored.sha256 || known.source_version === source_version)) return { drop: dropFromRow(known), isNew: false }
    const { number } = await transaction
      .updateTable('models')
      .set({ next_drop: sql`next_drop + 1` })
      .where('name', '=', arrival.model)
      .returning(sql<number>`next_drop - 1`.as('number'))
      .executeTakeFirstOrThrow()
    const at = clock.now()
    const row = await transaction
      .insertInto('drops')
      .values({
        id: `${arrival.model}-d${number}`,
        model: arrival.model,
        source: arrival.source,
        key: arrival.key,
        source_version,
        sha256: stored.sha256,
        object: stored.key,
        bytes: stored.bytes,
        state: 'recorded',
        part: null,
        superseded_by: null,
        run: null,
        recorded_at: at,
        changed_at: at,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await appendEvent(transaction, { at, actor: arrival.actor, kind: 'drop.recorded', model: arrival.model, data: { drop: row.id, key: row.key, source: row.source, bytes: stored.bytes } })
    return { drop: dropFromRow(row), isNew: true }
  })
}

/** Versions of a source's objects that are recorded already: what need not be fetched again. */
export async function recordedVersions(database: Database, model: string, source: string): Promise<ReadonlySet<string>> {
  const rows = await database.selectFrom('drops').select(['key', 'source_version']).where('model', '=', model).where('source', '=', source).execute()
  return new Set(rows.map((row) => versionKey(row.key, row.source_version)))
}

/** How `recordedVersions` names one. */
export function versionKey(key: string, version: string): string {
  return `${key}\u0000${version}`
}
