import { Readable } from 'node:stream'
import { sql, type Selectable } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database, Schema, Transaction } from '../database/schema.js'
import { refitError } from '../errors.js'
import { canonicalJson } from '../define/canonical-json.js'
import type { ObjectStore } from '../objects/object-store.js'
import { appendEvent } from '../runs/event.js'
import { dropFromRow, type Drop, type DropFile } from './drop.js'

export interface Arrival {
  readonly model: string
  /** Name of the source, e.g. `folder:drops/house-sales` or `upload`. */
  readonly source: string
  readonly key: string
  /** What the source calls this state of the object; undefined: its content does. */
  readonly sourceVersion: string | undefined
  readonly actor: string
  /** Where a source that counts on stood when it was asked, and where it goes on after this drop. */
  readonly watermark?: { readonly before: string | undefined; readonly after: string }
}

/** One file of a drop that has several. */
export interface ArrivedFile {
  /** Its name within the drop. */
  readonly key: string
  readonly declaredSha256?: string | undefined
  open(): Promise<Readable>
}

/** What lies in the object store and has no row yet. */
interface Stored {
  readonly sha256: string
  readonly key: string
  readonly bytes: number
  readonly version?: string
  readonly files?: readonly DropFile[]
}

interface Recorded {
  readonly drop: Drop
  readonly isNew: boolean
}

/**
 * Records an arrived object, once however often it is announced: raw bytes first, then its row.
 * @throws RefitError `not-found` for a model that is not in the project; `source-object-gone` when its source has counted on meanwhile
 */
export async function recordDrop(database: Database, objects: ObjectStore, clock: Clock, arrival: Arrival, content: Readable): Promise<Recorded> {
  return record(database, clock, arrival, await objects.put('raw', content))
}

/**
 * Records several files as one drop, like `recordDrop`. Its content is the list of its files: the same files with the
 * same content are the same drop, wherever they lie.
 */
export async function recordDropOfFiles(database: Database, objects: ObjectStore, clock: Clock, arrival: Arrival, arrived: readonly ArrivedFile[]): Promise<Recorded> {
  const files: DropFile[] = []
  for (const { key, declaredSha256, open } of arrived.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const { sha256, key: object, bytes, version } = await objects.put('raw', await open())
    const isOther = declaredSha256 !== undefined && declaredSha256 !== sha256
    files.push({ key, sha256, object, bytes, ...(version === undefined ? {} : { objectVersion: version }), ...(isOther ? { declaredSha256 } : {}) })
  }
  const content = canonicalJson({ files: files.map(({ key, sha256, bytes, declaredSha256 }) => ({ key, sha256, bytes, ...(declaredSha256 === undefined ? {} : { declaredSha256 }) })) })
  const list = await objects.put('raw', Readable.from([content]))
  return record(database, clock, arrival, { ...list, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files })
}

async function record(database: Database, clock: Clock, arrival: Arrival, stored: Stored): Promise<Recorded> {
  const recorded = await database.transaction().execute(async (transaction) => {
    const model = await transaction.selectFrom('models').select('present').where('name', '=', arrival.model).forUpdate().executeTakeFirst()
    if (model?.present !== true) throw refitError('not-found', { what: `model "${arrival.model}"` })
    const known = await knownDrop(transaction, arrival, stored.sha256)
    if (known !== undefined) return { drop: dropFromRow(known), isNew: false }
    if (arrival.watermark !== undefined && arrival.watermark.before !== (await newestWatermark(transaction, arrival.model, arrival.source))) {
      throw refitError('source-object-gone', { key: arrival.key })
    }
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
        // Content that came back after another under its name has been a version before.
        source_version: arrival.sourceVersion ?? `${stored.sha256}-${number}`,
        sha256: stored.sha256,
        object: stored.key,
        object_version: stored.version ?? null,
        bytes: stored.bytes,
        files: stored.files === undefined ? null : JSON.stringify(stored.files),
        watermark: arrival.watermark?.after ?? null,
        state: 'recorded',
        part: null,
        superseded_by: null,
        run: null,
        recorded_at: at,
        changed_at: at,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await appendEvent(transaction, { at, actor: arrival.actor, kind: 'drop.recorded', model: arrival.model, data: { drop: row.id, key: row.key, source: row.source, bytes: stored.bytes, files: stored.files?.length } })
    return { drop: dropFromRow(row), isNew: true }
  })
  if (!recorded.isNew) await noteVersion(database, recorded.drop, arrival, stored.sha256)
  return recorded
}

/**
 * The drop that an arrival already is: the newest under its name if that has the same bytes, though a touched file has
 * a new version; or one that the source called the same. Bytes that come back after others are a new drop: the file
 * says so now, and the history must follow it.
 */
async function knownDrop(transaction: Transaction, { model, source, key, sourceVersion }: Arrival, sha256: string): Promise<Selectable<Schema['drops']> | undefined> {
  const named = transaction.selectFrom('drops').selectAll().where('model', '=', model).where('source', '=', source).where('key', '=', key)
  const newest = await named.orderBy(sql`length(id)`, 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst()
  if (newest === undefined || newest.sha256 === sha256 || sourceVersion === undefined) return newest?.sha256 === sha256 ? newest : undefined
  return named.where('source_version', '=', sourceVersion).executeTakeFirst()
}

/** Remembers the new version of a touched file, so that it is not read again at every look. */
async function noteVersion(database: Database, drop: Drop, { sourceVersion }: Arrival, sha256: string): Promise<void> {
  if (sourceVersion === undefined || sourceVersion === drop.sourceVersion || drop.sha256 !== sha256) return
  // Outside the transaction that records: an ingest locks drops before it locks the model.
  await database.updateTable('drops').set({ source_version: sourceVersion }).where('id', '=', drop.id).execute()
}

/** Where a source that counts on goes on: after the newest drop recorded from it. */
export async function newestWatermark(database: Database, model: string, source: string): Promise<string | undefined> {
  const row = await database
    .selectFrom('drops')
    .select('watermark')
    .where('model', '=', model)
    .where('source', '=', source)
    .where('watermark', 'is not', null)
    .orderBy(sql`length(id)`, 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.watermark ?? undefined
}

/** One statement asks for this many keys. */
const KEYS_AT_ONCE = 5000

/** Versions of these objects of a source that are recorded already: what need not be fetched again. */
export async function recordedVersions(database: Database, model: string, source: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const versions = new Set<string>()
  for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
    const asked = keys.slice(start, start + KEYS_AT_ONCE)
    const rows = await database
      .selectFrom('drops')
      .select(['key', 'source_version'])
      .where('model', '=', model)
      .where('source', '=', source)
      .where('key', '=', sql<string>`any(${asked}::text[])`)
      .execute()
    for (const row of rows) versions.add(versionKey(row.key, row.source_version))
  }
  return versions
}

/** How `recordedVersions` names one. */
export function versionKey(key: string, version: string): string {
  return `${key}\u0000${version}`
}
