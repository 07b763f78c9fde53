import { sql, type RawBuilder } from 'kysely'
import type { Database } from '../../database/schema.js'
import { versionsWhere, type ModelVersion } from '../model-versions.js'
import { invalid } from '../refusals.js'
import { registeredModelsWhere, type RegisteredModel } from '../registered-models.js'
import { compareInteger, compareText, isTag, unknownName } from './compare.js'
import { parseFilter, parseOrder, type Condition, type Order } from './filter.js'
import { offsetOf, pageOf, type Page } from './page-token.js'

type Sql = RawBuilder<unknown>

export interface RegistrySearch {
  readonly filter: string
  readonly order: readonly string[]
  readonly most: number
  readonly pageToken: string | undefined
}

/** Registered models that meet a filter. @throws RefitError `tracking-invalid` */
export async function searchRegisteredModels(database: Database, { filter, order, most, pageToken }: RegistrySearch): Promise<Page<RegisteredModel>> {
  const offset = offsetOf(pageToken)
  const { conditions: asked, prompts } = withoutPrompts(parseFilter(filter))
  const conditions = asked.map((condition) => {
    const { key } = condition
    if (isTag(condition)) return sql`exists (select from tracking.registered_tags as found where found.model = models.id and found.key = ${key} and ${compareText(sql`found.value`, condition)})`
    return key === 'name' ? compareText(sql`models.name`, condition) : unknownName(condition, ['name'])
  })
  const by = ordering(order.map(parseOrder), { name: 'models.name', timestamp: 'models.updated_at', last_updated_timestamp: 'models.updated_at' })
  const rest = [...by.sorted, ...(by.columns.has('models.name') ? [] : [sql`models.name`])]
  const found = await registeredModelsWhere(database, all([...conditions, ...(prompts ? [] : [sql`not exists (select from tracking.registered_tags as found where found.model = models.id and ${IS_PROMPT})`])]), sql`order by ${sql.join(rest)} limit ${most + 1} offset ${offset}`)
  return pageOf(found, offset, most)
}

/** Versions of registered models that meet a filter. @throws RefitError `tracking-invalid` */
export async function searchVersions(database: Database, { filter, order, most, pageToken }: RegistrySearch): Promise<Page<ModelVersion>> {
  const offset = offsetOf(pageToken)
  const { conditions: asked, prompts } = withoutPrompts(parseFilter(filter))
  const conditions = asked.map(versionCondition)
  const by = ordering(order.map(parseOrder), {
    name: 'models.name', version_number: 'versions.number', creation_timestamp: 'versions.created_at', last_updated_timestamp: 'versions.updated_at',
  })
  const last = [
    ['versions.updated_at', sql`versions.updated_at desc`],
    ['models.name', sql`models.name`],
    ['versions.number', sql`versions.number desc`],
  ] as const
  const rest = [...by.sorted, ...last.filter(([column]) => !by.columns.has(column)).map(([, each]) => each)]
  const found = await versionsWhere(database, all([...conditions, ...(prompts ? [] : [sql`not exists (select from tracking.version_tags as found where found.model = versions.model and found.number = versions.number and ${IS_PROMPT})`])]), sql`order by ${sql.join(rest)} limit ${most + 1} offset ${offset}`)
  return pageOf(found, offset, most)
}

const PROMPT_TAG = 'mlflow.prompt.is_prompt'
const IS_PROMPT = sql`found.key = ${PROMPT_TAG} and found.value = 'true'`

/**
 * Clients keep prompts where they keep models, apart by a tag that models do not have, and ask for models by `!=`: the
 * condition is taken as it is meant, and without one prompts are left out.
 */
function withoutPrompts(conditions: readonly Condition[]): { readonly conditions: readonly Condition[]; readonly prompts: boolean } {
  const about = (condition: Condition): boolean => isTag(condition) && condition.key === PROMPT_TAG
  const prompts = conditions.some((condition) => {
    const said = condition.value.kind === 'text' ? condition.value.text.toLowerCase() : ''
    return about(condition) && ((condition.comparator === '=' && said === 'true') || (condition.comparator === '!=' && said === 'false'))
  })
  return { conditions: prompts ? conditions : conditions.filter((condition) => !about(condition)), prompts }
}

const texts: Readonly<Record<string, string>> = { name: 'models.name', run_id: 'versions.run', source_path: 'versions.source' }

function versionCondition(condition: Condition): Sql {
  const { key } = condition
  if (isTag(condition)) {
    return sql`exists (select from tracking.version_tags as found where found.model = versions.model and found.number = versions.number and found.key = ${key} and ${compareText(sql`found.value`, condition)})`
  }
  if (key === 'version_number') return compareInteger(sql`versions.number`, condition)
  const column = texts[key]
  return column === undefined ? unknownName(condition, [...Object.keys(texts), 'version_number']) : compareText(sql.ref(column), condition, { lists: key === 'run_id' })
}

function ordering(orders: readonly Order[], known: Readonly<Record<string, string>>): { readonly sorted: readonly Sql[]; readonly columns: ReadonlySet<string> } {
  const columns = new Set<string>()
  const sorted = orders.map((order) => {
    const column = known[order.key]
    if (column === undefined || isTag(order)) return unknownName(order, Object.keys(known))
    if (columns.has(column)) throw invalid(`\`order_by\` contains duplicate fields: ${orders.map(({ key }) => key).join(', ')}`)
    columns.add(column)
    return sql`${sql.ref(column)} ${sql.raw(order.isAscending ? 'asc' : 'desc')}`
  })
  return { sorted, columns }
}

function all(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
}
