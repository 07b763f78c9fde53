import { sql } from 'kysely'
import type { Database, DropState } from '../database/schema.js'
import { refitError } from '../errors.js'
import { dropFromRow, type Drop } from './drop.js'

/**
 * With the id itself, the order of arrival among the drops of one model: that of their numbers. Times would not do:
 * a later delivery must supersede the former one though the clock was set back in between.
 */
const arrivalOrder = sql`length(id)`
const MOST_NAMESAKES = 3

/** Drops of a model, the newest first; `before` is the id of the last one of the page before. */
export async function listDrops(
  database: Database,
  model: string,
  query: { readonly state?: DropState | undefined; readonly limit?: number; readonly before?: string | undefined } = {},
): Promise<readonly Drop[]> {
  let select = database
    .selectFrom('drops')
    .selectAll()
    .where('model', '=', model)
    .orderBy('recorded_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit ?? 1000)
  if (query.state !== undefined) select = select.where('state', '=', query.state)
  if (query.before !== undefined) {
    const last = await getDrop(database, query.before)
    select = select.where((where) => where(where.refTuple('recorded_at', 'id'), '<', where.tuple(last.recordedAt, last.id)))
  }
  return (await select.execute()).map(dropFromRow)
}

/** @throws RefitError `drop-unknown` */
export async function getDrop(database: Database, id: string): Promise<Drop> {
  const row = await database.selectFrom('drops').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw refitError('drop-unknown', { id, named: await namesakes(database, id) })
  return dropFromRow(row)
}

/** Which drops were meant by somebody who has named a file. */
async function namesakes(database: Database, name: string): Promise<string> {
  const rows = await database
    .selectFrom('drops')
    .select('id')
    .where((where) => where.or([where('key', '=', name), sql<boolean>`right(key, char_length(${name}::text) + 1) = ${`/${name}`}`]))
    .orderBy('recorded_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MOST_NAMESAKES + 1)
    .execute()
  if (rows.length === 0) return ''
  const ids = rows.slice(0, MOST_NAMESAKES).map(({ id }) => id)
  return `; of that file there ${ids.length === 1 ? 'is' : 'are'} ${ids.join(', ')}${rows.length > MOST_NAMESAKES ? ' and older ones' : ''}`
}

/** The snapshots that a drop is part of, by digest. */
export async function snapshotsOf(database: Database, drop: string): Promise<readonly string[]> {
  const rows = await database.selectFrom('snapshot_drops').select('snapshot').where('drop_id', '=', drop).execute()
  return rows.map((row) => row.snapshot)
}

/** Of how many snapshots each of these drops is part. */
export async function snapshotCounts(database: Database, drops: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (drops.length === 0) return new Map()
  const rows = await database
    .selectFrom('snapshot_drops')
    .select((query) => ['drop_id', query.fn.countAll().as('count')])
    .where('drop_id', 'in', drops)
    .groupBy('drop_id')
    .execute()
  return new Map(rows.map(({ drop_id: drop, count }) => [drop, Number(count)]))
}

/** How many drops of a model were refused and nobody has decided about. */
export async function quarantinedDropCount(database: Database, model: string): Promise<number> {
  const row = await database.selectFrom('drops').select((query) => query.fn.countAll().as('count')).where('model', '=', model).where('state', '=', 'quarantined').executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Drops that wait for a run, in order of arrival. */
export async function waitingDrops(database: Database, model: string): Promise<readonly Drop[]> {
  const rows = await database
    .selectFrom('drops')
    .selectAll()
    .where('model', '=', model)
    .where('state', '=', 'recorded')
    .orderBy(arrivalOrder)
    .orderBy('id')
    .execute()
  return rows.map(dropFromRow)
}

/** Drops that were discarded as copies of what is in the history, in order of arrival; not those that a person discarded. */
export async function discardedCopies(database: Database, model: string): Promise<readonly Drop[]> {
  const rows = await database
    .selectFrom('drops as copy')
    .selectAll()
    .where('model', '=', model)
    .where('state', '=', 'discarded')
    .where(sql<boolean>`coalesce(decision->>'kind', '') <> 'discard'`)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('drops as original').select('original.id').where('original.model', '=', model).where('original.state', '=', 'ingested').whereRef('original.sha256', '=', 'copy.sha256')),
    )
    .orderBy(sql`length(copy.id)`)
    .orderBy('id')
    .execute()
  return rows.map(dropFromRow)
}

/** Drops whose parts make up the history, in order of arrival. */
export async function ingestedDrops(database: Database, model: string): Promise<readonly Drop[]> {
  const rows = await database
    .selectFrom('drops')
    .selectAll()
    .where('model', '=', model)
    .where('state', '=', 'ingested')
    .orderBy(arrivalOrder)
    .orderBy('id')
    .execute()
  return rows.map(dropFromRow)
}

/** Drops that were superseded by this one, in order of arrival. */
export async function supersededBy(database: Database, drop: string): Promise<readonly Drop[]> {
  const rows = await database
    .selectFrom('drops')
    .selectAll()
    .where('superseded_by', '=', drop)
    .where('state', '=', 'superseded')
    .orderBy(arrivalOrder)
    .orderBy('id')
    .execute()
  return rows.map(dropFromRow)
}

/** How many drops wait for a run. */
export async function waitingDropCount(database: Database, model: string): Promise<number> {
  const { count } = await database
    .selectFrom('drops')
    .select((query) => query.fn.countAll().as('count'))
    .where('model', '=', model)
    .where('state', '=', 'recorded')
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The names under which drops arrived, by their ids. */
export async function dropKeys(database: Database, drops: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (drops.length === 0) return new Map()
  const rows = await database.selectFrom('drops').select(['id', 'key']).where('id', 'in', drops).execute()
  return new Map(rows.map(({ id, key }) => [id, key]))
}
