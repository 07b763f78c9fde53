import { sql, type RawBuilder } from 'kysely'
import { textOf } from '../entries.js'
import { invalid } from '../refusals.js'
import type { Comparator, Condition, Name } from './filter.js'

type Sql = RawBuilder<unknown>

const plain = ['=', '!=', '<', '<=', '>', '>='] as const
const ofText: readonly Comparator[] = ['=', '!=', 'LIKE', 'ILIKE']
const ofLists: readonly Comparator[] = ['IN', 'NOT IN']

/** A condition on a number. NaN equals nothing and is neither less nor more. @throws RefitError `tracking-invalid` */
export function compareNumber(column: Sql, { comparator, value, ...name }: Condition): Sql {
  const operator = plain.find((each) => each === comparator)
  if (operator === undefined) throw invalid(`Invalid comparator '${comparator}' for ${nameOf(name)}: not one of ${plain.join(', ')}.`)
  if (value.kind !== 'number') throw invalid(`Expected numeric value type for ${nameOf(name)}. Found ${value.kind === 'text' ? `'${value.text}'` : 'a list'}.`)
  const compared = sql`${column} ${sql.raw(operator)} ${value.number}::float8`
  return operator === '!=' ? compared : sql`(${compared} and ${column} <> 'NaN'::float8)`
}

/** A condition on a whole number, such as a time. @throws RefitError `tracking-invalid` */
export function compareInteger(column: Sql, condition: Condition): Sql {
  const { comparator, value, ...name } = condition
  const operator = plain.find((each) => each === comparator)
  if (operator === undefined) throw invalid(`Invalid comparator '${comparator}' for ${nameOf(name)}: not one of ${plain.join(', ')}.`)
  if (value.kind !== 'number') throw invalid(`Expected numeric value type for numeric attribute: ${name.key}. Found ${value.kind === 'text' ? `'${value.text}'` : 'a list'}.`)
  return sql`${column} ${sql.raw(operator)} ${value.number}::numeric`
}

/** A condition on text; `lists` says whether it may be one of a list. @throws RefitError `tracking-invalid` */
export function compareText(column: Sql, { comparator, value, ...name }: Condition, { lists = false }: { readonly lists?: boolean } = {}): Sql {
  if (![...ofText, ...(lists ? ofLists : [])].includes(comparator)) {
    throw invalid(`Invalid comparator '${comparator}' for ${nameOf(name)}: not one of ${[...ofText, ...(lists ? ofLists : [])].join(', ')}.`)
  }
  if (value.kind === 'list') {
    const any = sql`${column} = any(${value.texts.map(textOf)}::text[])`
    return comparator === 'IN' ? any : sql`not ${any}`
  }
  if (value.kind !== 'text') throw invalid(`Expected a quoted string value for ${nameOf(name)} (e.g. 'my-value').`)
  const text = textOf(value.text)
  switch (comparator) {
    // A backslash is a character like any other.
    case 'LIKE':
      return sql`${column} like ${text} escape ''`
    case 'ILIKE':
      return sql`${column} ilike ${text} escape ''`
    case '=':
      return sql`${column} = ${text}`
    default:
      return sql`${column} <> ${text}`
  }
}

/** Equal to a value of any length, by an index on its beginning. */
export function compareIndexedText(column: Sql, condition: Condition): Sql {
  const compared = compareText(column, condition)
  const { comparator, value } = condition
  return comparator === '=' && value.kind === 'text' ? sql`left(${column}, 64) = left(${textOf(value.text)}, 64) and ${compared}` : compared
}

/** A name as it is written in a filter. */
export function nameOf({ entity, key }: Name): string {
  return entity === undefined ? `'${key}'` : `'${entity}.${key}'`
}

/** Whether a name is that of a tag, and not of an attribute; `owner` is what attributes may be called after besides. @throws RefitError `tracking-invalid` */
export function isTag({ entity }: Name, owner?: string): boolean {
  if (entity === 'tag' || entity === 'tags') return true
  if (entity === undefined || entity === owner || entity === 'attribute' || entity === 'attributes' || entity === 'attr') return false
  throw invalid(`Invalid entity type '${entity}'. Valid values are tag, attribute`)
}

/** @throws RefitError `tracking-invalid` always */
export function unknownName(name: Name, known: readonly string[]): never {
  throw invalid(`Invalid attribute key ${nameOf(name)} specified. Valid keys are ${known.map((each) => `'${each}'`).join(', ')}`)
}
