import { sql, type RawBuilder } from 'kysely'
import type { Database } from '../../database/schema.js'
import { experimentsWhere, type Experiment } from '../experiments.js'
import { compareInteger, compareText, isTag, unknownName } from './compare.js'
import { parseFilter, parseOrder, type Condition, type Order } from './filter.js'
import { offsetOf, pageOf, type Page } from './page-token.js'
import type { View } from './search-runs.js'

type Sql = RawBuilder<unknown>

export interface ExperimentSearch {
  readonly filter: string
  readonly view: View
  readonly order: readonly string[]
  readonly most: number
  readonly pageToken: string | undefined
}

/** Experiments that meet a filter. @throws RefitError `tracking-invalid` */
export async function searchExperiments(database: Database, { filter, view, order, most, pageToken }: ExperimentSearch): Promise<Page<Experiment>> {
  const offset = offsetOf(pageToken)
  const conditions = parseFilter(filter).map(conditionOf)
  const alive = view === 'ALL' ? sql`true` : sql`is_deleted = ${sql.raw(String(view === 'DELETED_ONLY'))}`
  const found = await experimentsWhere(database, sql.join([alive, ...conditions], sql` and `), sql`order by ${sql.join(ordering(order.map(parseOrder)))} limit ${most + 1} offset ${offset}`)
  return pageOf(found, offset, most)
}

const times: Readonly<Record<string, string>> = { creation_time: 'created_at', last_update_time: 'updated_at' }
const texts: Readonly<Record<string, string>> = { name: 'name' }
const known = ['name', 'creation_time', 'last_update_time']

function conditionOf(condition: Condition): Sql {
  const { key, comparator } = condition
  if (isTag(condition, 'experiment')) {
    const tagged = (holds: Sql): Sql => sql`exists (select from tracking.experiment_tags as found where found.experiment = experiments.id and found.key = ${key} and ${holds})`
    if (comparator === 'IS NOT NULL') return tagged(sql`true`)
    return comparator === 'IS NULL' ? sql`not ${tagged(sql`true`)}` : tagged(compareText(sql`found.value`, condition))
  }
  const time = times[key]
  if (time !== undefined) return compareInteger(sql.ref(`experiments.${time}`), condition)
  const text = texts[key]
  return text === undefined ? unknownName(condition, known) : compareText(sql.ref(`experiments.${text}`), condition)
}

/** Newest first unless asked otherwise; the id decides at last. */
function ordering(orders: readonly Order[]): readonly Sql[] {
  const by = orders.map((order) => {
    const column = times[order.key] ?? (order.key === 'experiment_id' ? 'id' : texts[order.key])
    if (isTag(order, 'experiment') || column === undefined) return unknownName(order, [...known, 'experiment_id'])
    return sql`${sql.ref(`experiments.${column}`)} ${sql.raw(order.isAscending ? 'asc' : 'desc')}`
  })
  return [...(by.length === 0 ? [sql`experiments.created_at desc`] : by), sql`experiments.id`]
}
