import { createHash } from 'node:crypto'
import { sql, type RawBuilder } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../../database/schema.js'
import { textOf } from '../entries.js'
import { numberOf } from '../experiments.js'
import { loggedModelsWhere, type LoggedModel } from '../logged-models.js'
import { invalid } from '../refusals.js'
import { compareInteger, compareNumber, compareText, unknownName } from './compare.js'
import { parseFilter, type Condition, type Name } from './filter.js'
import { pageOf, type Page } from './page-token.js'

type Sql = RawBuilder<unknown>

/** A dataset that metrics were logged on; without a digest, all of that name. */
export interface OnDataset {
  readonly name: string
  readonly digest: string | undefined
}

export interface ModelOrder {
  readonly field: string
  readonly isAscending: boolean
  readonly dataset: OnDataset | undefined
}

export interface LoggedModelSearch {
  readonly experiments: readonly string[]
  readonly filter: string
  readonly datasets: readonly OnDataset[]
  readonly order: readonly ModelOrder[]
  readonly most: number
  readonly pageToken: string | undefined
}

/** Logged models of experiments that meet a filter; metrics count on the given datasets only, where some are given. @throws RefitError `tracking-invalid` */
export async function searchLoggedModels(database: Database, { experiments, filter, datasets, order, most, pageToken }: LoggedModelSearch): Promise<Page<LoggedModel>> {
  const asked = { experiments, order, filter }
  const offset = offsetIn(pageToken, asked)
  const conditions = parseFilter(filter).map((condition) => conditionOf(condition, datasets))
  const measured = datasets.length === 0 ? [] : [sql`exists (select from tracking.logged_model_metrics as found where found.model = models.id and ${on(datasets)})`]
  const { joins, by } = ordering(order)
  const found = await loggedModelsWhere(
    database,
    sql.join([sql`models.experiment = any(${experiments.map(numberOf)}::bigint[])`, sql`not models.is_deleted`, ...measured, ...conditions], sql` and `),
    joins.length === 0 ? sql`` : sql.join(joins, sql` `),
    sql`order by ${sql.join(by)} limit ${most + 1} offset ${offset}`,
  )
  const page = pageOf(found, offset, most)
  return page.nextToken === undefined ? page : { ...page, nextToken: tokenOf(offset + most, asked) }
}

type Asked = Pick<LoggedModelSearch, 'experiments' | 'order' | 'filter'>

/** A token that tells what was asked: a page of another search would leave models out or show them twice. */
function tokenOf(offset: number, { experiments, order, filter }: Asked): string {
  return Buffer.from(JSON.stringify([offset, digest(experiments), digest(order), digest(filter)])).toString('base64url')
}

const Token = Type.Tuple([Type.Integer({ minimum: 0, maximum: 1e12 }), Type.String(), Type.String(), Type.String()])

/** @throws RefitError `tracking-invalid` */
function offsetIn(token: string | undefined, { experiments, order, filter }: Asked): number {
  if (token === undefined || token === '') return 0
  const read = parse(token)
  if (!Value.Check(Token, read)) throw invalid('Invalid page token')
  const [offset, ofExperiments, ofOrder, ofFilter] = read
  if (ofExperiments !== digest(experiments)) throw invalid('Experiment IDs in the page token do not match the requested experiment IDs.')
  if (ofOrder !== digest(order)) throw invalid('Order by in the page token does not match the requested order by.')
  if (ofFilter !== digest(filter)) throw invalid('Filter string in the page token does not match the requested filter string.')
  return offset
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw invalid('Invalid page token')
  }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16)
}

const texts: Readonly<Record<string, string>> = { name: 'name', model_name: 'name', model_id: 'id', model_type: 'model_type', status: 'status', source_run_id: 'source_run', artifact_location: 'artifact_location' }
const numbers: Readonly<Record<string, string>> = {
  creation_time: 'created_at', creation_timestamp: 'created_at', creation_timestamp_ms: 'created_at',
  last_updated_timestamp: 'updated_at', last_updated_timestamp_ms: 'updated_at',
  experiment_id: 'experiment',
}
const known = [...Object.keys(texts), ...Object.keys(numbers)]

function entityOf({ entity }: Name): 'metric' | 'param' | 'tag' | 'attribute' {
  switch (entity) {
    case undefined:
    case 'attribute':
    case 'attributes':
      return 'attribute'
    case 'metric':
    case 'metrics':
      return 'metric'
    case 'param':
    case 'params':
      return 'param'
    case 'tag':
    case 'tags':
      return 'tag'
    default:
      throw invalid(`Invalid entity type: '${entity}'. Expected one of: attributes, metrics, params, tags`)
  }
}

function conditionOf(condition: Condition, datasets: readonly OnDataset[]): Sql {
  const { key } = condition
  switch (entityOf(condition)) {
    case 'metric':
      return sql`exists (select from tracking.logged_model_metrics as found where found.model = models.id and found.key = ${key} and ${compareNumber(sql`found.value`, condition)} and ${on(datasets)})`
    case 'param':
      return sql`exists (select from tracking.logged_model_params as found where found.model = models.id and found.key = ${key} and ${compareText(sql`found.value`, condition, { lists: true })})`
    case 'tag':
      return sql`exists (select from tracking.logged_model_tags as found where found.model = models.id and found.key = ${key} and ${compareText(sql`found.value`, condition, { lists: true })})`
    case 'attribute': {
      const number = numbers[key]
      if (number !== undefined) return compareInteger(sql.ref(`models.${number}`), condition)
      const text = texts[key]
      return text === undefined ? unknownName(condition, known) : compareText(sql.ref(`models.${text}`), condition, { lists: true })
    }
  }
}

function on(datasets: readonly OnDataset[]): Sql {
  if (datasets.length === 0) return sql`true`
  const each = datasets.map(({ name, digest }) => (digest === undefined ? sql`found.dataset_name = ${textOf(name)}` : sql`(found.dataset_name = ${textOf(name)} and found.dataset_digest = ${textOf(digest)})`))
  return sql`(${sql.join(each, sql` or `)})`
}

/** Of a metric the newest value is ordered by. Newest models first is what follows everything else, and the id decides at last. */
function ordering(orders: readonly ModelOrder[]): { readonly joins: readonly Sql[]; readonly by: readonly Sql[] } {
  const joins: Sql[] = []
  const by: Sql[] = []
  let byCreation = false
  for (const [index, { field, isAscending, dataset }] of orders.entries()) {
    const direction = sql.raw(isAscending ? 'asc' : 'desc')
    const dot = field.indexOf('.')
    const name: Name = dot === -1 ? { entity: undefined, key: field } : { entity: field.slice(0, dot), key: field.slice(dot + 1).replaceAll(/^[`"]|[`"]$/g, '') }
    const entity = entityOf(name)
    if (entity === 'param' || entity === 'tag') throw invalid(`Invalid order_by field '${field}': it may be an attribute or a metric.`)
    if (entity === 'metric') {
      const alias = `ordered_${index}`
      joins.push(sql`left join lateral (
        select found.value from tracking.logged_model_metrics as found where found.model = models.id and found.key = ${name.key} and ${on(dataset === undefined ? [] : [dataset])}
        order by found.at desc, found.step desc limit 1) as ${sql.ref(alias)} on true`)
      by.push(sql`${sql.ref(`${alias}.value`)} ${direction} nulls last`)
      continue
    }
    const column = numbers[name.key] ?? texts[name.key]
    if (column === undefined) return unknownName(name, known)
    byCreation ||= column === 'created_at'
    by.push(sql`${sql.ref(`models.${column}`)} ${direction} nulls last`)
  }
  if (!byCreation) by.push(sql`models.created_at desc`)
  by.push(sql`models.id`)
  return { joins, by }
}
