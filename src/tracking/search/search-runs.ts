import { sql, type RawBuilder } from 'kysely'
import type { Database } from '../../database/schema.js'
import { numberOf } from '../experiments.js'
import { invalid } from '../refusals.js'
import { columns, infoOf, type RunInfo, type RunRow } from '../runs.js'
import { compareIndexedText, compareInteger, compareNumber, compareText, unknownName } from './compare.js'
import { parseFilter, parseOrder, type Condition, type Name, type Order } from './filter.js'
import { offsetOf, pageOf, type Page } from './page-token.js'

type Sql = RawBuilder<unknown>
export type View = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'

export interface RunSearch {
  readonly experiments: readonly string[]
  readonly filter: string
  readonly view: View
  readonly order: readonly string[]
  readonly most: number
  readonly pageToken: string | undefined
}

/** Runs of experiments that meet a filter. @throws RefitError `tracking-invalid` */
export async function searchRuns(database: Database, { experiments, filter, view, order, most, pageToken }: RunSearch): Promise<Page<RunInfo>> {
  const offset = offsetOf(pageToken)
  const filters = parseFilter(filter)
  const { joins, by, metrics } = ordering(order.map(parseOrder), filters)
  const conditions = filters.map((condition) => conditionOf(condition, metrics))
  const wanted = experiments.map(numberOf)
  const [only] = wanted
  const within = wanted.length === 1 && only !== undefined ? sql`runs.experiment = ${only}` : sql`runs.experiment = any(${wanted}::bigint[])`
  const alive = view === 'ALL' ? [] : [sql`runs.is_deleted = ${sql.raw(String(view === 'DELETED_ONLY'))}`]
  const { rows } = await sql<RunRow>`
    select ${columns('runs')} from tracking.runs ${sql.join(joins, sql` `)}
    where ${sql.join([within, ...alive, ...conditions], sql` and `)}
    order by ${sql.join(by)} limit ${most + 1} offset ${offset}`.execute(database)
  return pageOf(rows.map(infoOf), offset, most)
}

const entities: Readonly<Record<string, 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'>> = {
  metric: 'metric', metrics: 'metric',
  param: 'param', params: 'param', parameter: 'param', parameters: 'param',
  tag: 'tag', tags: 'tag',
  attribute: 'attribute', attributes: 'attribute', attr: 'attribute', run: 'attribute',
  dataset: 'dataset', datasets: 'dataset',
}
const attributes: Readonly<Record<string, string>> = {
  run_id: 'id', run_name: 'name', 'run name': 'name', 'Run name': 'name', 'Run Name': 'name',
  user_id: 'user_name', status: 'status', artifact_uri: 'artifact_uri',
}
const times: Readonly<Record<string, string>> = { start_time: 'started_at', created: 'started_at', Created: 'started_at', end_time: 'ended_at' }
const known = ['run_id', 'run_name', 'user_id', 'status', 'start_time', 'end_time', 'artifact_uri']

function entityOf({ entity }: Name): 'metric' | 'param' | 'tag' | 'attribute' | 'dataset' {
  const found = entity === undefined ? 'attribute' : entities[entity]
  if (found === undefined) throw invalid(`Invalid entity type '${entity ?? ''}'. Valid values are metric, parameter, tag, attribute, dataset`)
  return found
}

/** `metrics` has the joined tables of metrics that runs are ordered by: compared there, an index gives the first of many runs without looking at the others. */
function conditionOf(condition: Condition, metrics: ReadonlyMap<string, string>): Sql {
  const { key } = condition
  switch (entityOf(condition)) {
    case 'metric': {
      const joined = metrics.get(key)
      if (joined !== undefined) return compareNumber(sql.ref(`${joined}.value`), condition)
      return sql`exists (select from tracking.series as found where found.run = runs.number and found.key = ${key} and ${compareNumber(sql`found.value`, condition)})`
    }
    case 'param':
      return sql`exists (select from tracking.params as found where found.run = runs.number and found.key = ${key} and ${compareIndexedText(sql`found.value`, condition)})`
    case 'tag':
      return sql`exists (select from tracking.tags as found where found.run = runs.number and found.key = ${key} and ${compareIndexedText(sql`found.value`, condition)})`
    case 'dataset':
      return datasetCondition(condition)
    case 'attribute': {
      const time = times[key]
      if (time !== undefined) return compareInteger(sql.ref(`runs.${time}`), condition)
      const column = attributes[key]
      return column === undefined ? unknownName(condition, known) : compareText(sql.ref(`runs.${column}`), condition, { lists: key === 'run_id' })
    }
  }
}

function datasetCondition(condition: Condition): Sql {
  switch (condition.key) {
    case 'name':
    case 'digest':
      return sql`exists (select from tracking.inputs join tracking.datasets as found on found.id = inputs.dataset where inputs.run = runs.number and ${compareText(sql.ref(`found.${condition.key}`), condition, { lists: true })})`
    case 'context':
      return sql`exists (select from tracking.inputs join tracking.input_tags as found on found.input = inputs.id and found.key = 'mlflow.data.context' where inputs.run = runs.number and ${compareText(sql`found.value`, condition, { lists: true })})`
    default:
      return unknownName(condition, ['name', 'digest', 'context'])
  }
}

/** Newest first is what follows everything else, and the id decides at last. */
function ordering(orders: readonly Order[], filters: readonly Condition[]): { readonly joins: readonly Sql[]; readonly by: readonly Sql[]; readonly metrics: ReadonlyMap<string, string> } {
  const joins: Sql[] = []
  const by: Sql[] = []
  const metrics = new Map<string, string>()
  const seen = new Set<string>()
  for (const [index, order] of orders.entries()) {
    const { entity, column, join, isFloat } = orderedBy(order, `ordered_${index}`)
    const name = `${entity} ${column}`
    if (seen.has(name)) throw invalid(`\`order_by\` contains duplicate fields: ${orders.map(({ key }) => key).join(', ')}`)
    seen.add(name)
    if (join !== undefined) joins.push(join)
    const value = join === undefined ? sql.ref(column) : sql.ref(`ordered_${index}.value`)
    if (isFloat) metrics.set(column, `ordered_${index}`)
    const direction = sql.raw(order.isAscending ? 'asc' : 'desc')
    // Whatever is compared with a number has one, and nothing keeps an index from being read in its order.
    if (isFloat && filters.some((filter) => entityOf(filter) === 'metric' && filter.key === column && filter.comparator !== '!=')) {
      by.push(sql`${value} ${direction}`)
      continue
    }
    // Values, then NaN, then what has none, in both directions. To PostgreSQL NaN is the greatest value.
    if (isFloat && !order.isAscending) by.push(sql`${value} = 'NaN'`)
    by.push(sql`${value} ${direction} nulls last`)
  }
  if (!seen.has('attribute runs.started_at')) by.push(sql`runs.started_at desc`)
  by.push(sql`runs.id`)
  return { joins, by, metrics }
}

function orderedBy(order: Order, alias: string): { readonly entity: string; readonly column: string; readonly join?: Sql; readonly isFloat?: true } {
  const { key } = order
  const entity = entityOf(order)
  const joined = (table: string): Sql => sql`left join ${sql.table(`tracking.${table}`)} as ${sql.ref(alias)} on ${sql.ref(`${alias}.run`)} = runs.number and ${sql.ref(`${alias}.key`)} = ${key}`
  switch (entity) {
    case 'metric':
      return { entity, column: key, join: joined('series'), isFloat: true }
    case 'param':
      return { entity, column: key, join: joined('params') }
    case 'tag':
      return { entity, column: key, join: joined('tags') }
    case 'attribute': {
      const column = times[key] ?? attributes[key]
      return column === undefined ? unknownName(order, known) : { entity, column: `runs.${column}` }
    }
    case 'dataset':
      throw invalid(`Invalid order_by entity type 'dataset'`)
  }
}
