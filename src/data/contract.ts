import type { DuckDBConnection } from '@duckdb/node-api'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { OtherColumns, StoredColumn } from '../define/stored-definition.js'
import { castOf, noValue } from './cast.js'
import { isWaivable } from './drop-faults.js'
import { name, numberOf, rowOf, text } from './duckdb.js'
import type { DropFault } from './snapshot.js'

/** The column of a part that says which of its rows take their key out of the history. */
export const DELETED = 'refit_deleted'

type Columns = Readonly<Record<string, StoredColumn>>

const SAMPLES = 5
/** A broken file can make one value of half of itself. */
const LONGEST_SAMPLE = 200

/** How a drop is held to the contract. */
export interface Terms {
  readonly columns: Columns
  /** What becomes of columns that are not among them; default: they are refused. */
  readonly otherColumns?: OtherColumns | undefined
  /** What can be waived is waived. */
  readonly released: boolean
  /** The column that tells which rows only delete their key: of these nothing else is looked at. */
  readonly deleted?: string | undefined
}

/** The columns that a drop must have, in order. */
export function neededColumns(columns: Columns): readonly (readonly [string, StoredColumn])[] {
  return Object.entries(columns).filter(([, column]) => column.role !== 'ignored')
}

/** What a part is made for: the needed columns with their types. Categories and texts are stored alike. */
export function storedTypes(columns: Columns): Readonly<Record<string, string>> {
  return Object.fromEntries(neededColumns(columns).map(([column, { type }]) => [column, type === 'category' ? 'text' : type]))
}

/** Differences between the columns of a drop and those of the contract. An optional column may be absent: it has no values then. */
export function schemaFaults(found: readonly string[], { columns, otherColumns = 'refuse', deleted }: Omit<Terms, 'released'>): readonly DropFault[] {
  const missing = neededColumns(columns).filter(([column, { optional }]) => !optional && !found.includes(column))
  const unexpected = otherColumns === 'ignore' ? [] : found.filter((column) => !Object.hasOwn(columns, column) && column !== deleted)
  return [
    ...(deleted === undefined || found.includes(deleted) ? [] : [{ code: 'missing-column', column: deleted, message: `Column ${deleted}, which tells the deleted rows, is missing.` }]),
    ...missing.map(([column, { role }]) => ({
      code: 'missing-column',
      column,
      message: `Column ${column}${role === 'target' ? ', the target,' : ''} is missing.`,
    })),
    ...unexpected.map((column) => ({
      code: 'unexpected-column',
      column,
      message: `Column ${column} is not in the contract; declare it, as column.ignored() if it is of no use.`,
    })),
  ]
}

/** Rows of a file in SQL, and the DuckDB type that each column comes as. */
export interface RowSource {
  readonly from: string
  readonly types: ReadonlyMap<string, string>
}

/** A way in which values of one column break the contract. */
interface Check {
  readonly code: string
  readonly column: string
  /** SQL condition on `valuesOf` that holds for offending rows. */
  readonly offends: string
  /** Cheaper, and holds at least where `offends` does, or is covered by another check (''). */
  readonly suspects?: string
  readonly say: (rows: number) => string
}

/** Column `column` under the contract's type in `valuesOf`, beside the column as it came. */
function valueName(column: string): string {
  return name(`refit_value_${column}`)
}

/** The needed columns of the rows as they come, and beside each its value under the contract's type. */
function valuesOf({ from, types }: RowSource, { columns, deleted }: Terms, isNumbered = false): string {
  const values = neededColumns(columns).map(([column, definition]) => `${types.has(column) ? castOf(column, definition, types.get(column)) : noValue(definition)} as ${valueName(column)}`)
  const tombstone = deleted === undefined ? [] : [`${castOf(deleted, { type: 'boolean' }, types.get(deleted))} as ${valueName(deleted)}`, `coalesce(${valueName(deleted)}, false) as ${DELETED}`]
  // By name, for a file may have columns that are called what is made here.
  const raw = [...neededColumns(columns).map(([column]) => column), ...(deleted === undefined ? [] : [deleted])].filter((column) => types.has(column))
  return `(select ${[...(isNumbered ? ['row_number() over () as refit_row'] : []), ...new Set(raw.map(name)), ...values, ...tombstone].join(', ')} from ${from})`
}

/** The rows under the contract, for a single pass that ends with an error at the first row that breaks it. */
export function soundRows(source: RowSource, terms: Terms): string {
  const selection = neededColumns(terms.columns).map(([column]) => `${valueName(column)} as ${name(column)}`)
  if (terms.deleted !== undefined) selection.push(DELETED)
  const suspicions = checksOf(source, terms).map(({ suspects, offends }) => suspects ?? offends).filter((condition) => condition !== '')
  const guard = suspicions.length === 0 ? '' : ` where case when ${suspicions.join(' or ')} then error('a row breaks the contract') else true end`
  return `select ${selection.join(', ')} from ${valuesOf(source, terms)}${guard}`
}

/** Values that break the contract, by column and kind, with the first offending rows: one pass over all rows. */
export async function valueFaults(connection: DuckDBConnection, source: RowSource, terms: Terms): Promise<readonly DropFault[]> {
  const checks = checksOf(source, terms)
  if (checks.length === 0) return []
  const figures = checks.map(({ offends, column }, index) => {
    const sample = `{'row': refit_row, 'value': left(${name(column)}::varchar, ${LONGEST_SAMPLE})}`
    return `count(*) filter (where ${offends}) as c${index}, to_json(arg_min(${sample}, refit_row, ${SAMPLES}) filter (where ${offends}))::varchar as s${index}`
  })
  const found = await rowOf(connection, `select ${figures.join(', ')} from ${valuesOf(source, terms, true)}`)
  return checks.flatMap((check, index) => {
    const rows = numberOf(found[`c${index}`])
    if (rows === 0) return []
    const samples = Value.Parse(Samples, JSON.parse(String(found[`s${index}`])))
    return [{ code: check.code, column: check.column, message: check.say(rows), rows, samples: samples.map(({ row, value }) => ({ row, value: value ?? '' })) }]
  })
}

const Samples = Type.Array(Type.Object({ row: Type.Integer(), value: Type.Union([Type.String(), Type.Null()]) }))

/** What is looked at: an optional column that is not there breaks nothing; of a released drop only what cannot be waived. */
function checksOf({ types }: RowSource, { columns, released, deleted }: Terms): readonly Check[] {
  const alive = (check: Check): Check => {
    if (deleted === undefined || columns[check.column]?.role === 'key') return check
    const holds = (condition: string): string => (condition === '' ? '' : `not ${DELETED} and (${condition})`)
    return { ...check, offends: holds(check.offends), ...(check.suspects === undefined ? {} : { suspects: holds(check.suspects) }) }
  }
  const tombstones = deleted === undefined ? [] : checksOfColumn(deleted, { type: 'boolean', role: 'ignored', optional: true })
  const present = neededColumns(columns).filter(([column]) => types.has(column))
  const checks = [...present.flatMap(([column, definition]) => checksOfColumn(column, definition)).map(alive), ...tombstones]
  return released ? checks.filter(({ code }) => !isWaivable(code)) : checks
}

function checksOfColumn(column: string, definition: StoredColumn): readonly Check[] {
  const { type, role, optional, min, max, values, minLength, maxLength, pattern } = definition
  const value = valueName(column)
  const isWords = type === 'category' || type === 'text'
  const isMissing = `coalesce(trim(${isWords ? value : `${name(column)}::varchar`}), '') = ''`
  const checks: Check[] = []
  const add = (code: string, offends: string, say: (rows: string) => string, suspects?: string): void => {
    checks.push({ code, column, offends, say: (rows) => say(`${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`), ...(suspects === undefined ? {} : { suspects }) })
  }
  if (!optional) {
    const what = role === 'target' ? 'the target has' : 'it has'
    const isBlank = isWords ? ` or (prefix(${value}, ' ') and trim(${value}) = '')` : ''
    add(role === 'target' ? 'missing-target' : 'missing-value', isMissing, (rows) => `Column ${column}: ${what} no value in ${rows}.`, `${value} is null${isBlank}`)
  }
  if (!isWords) {
    add('wrong-type', `${value} is null and not (${isMissing})`, (rows) => `Column ${column}: ${rows} with something that is no ${type}.`, ...(optional ? [] : ['']))
  }
  if (type === 'number') add('not-finite', `not isfinite(${value})`, (rows) => `Column ${column}: ${rows} with NaN or infinity.`)
  if (role === 'weight') add('negative-weight', `${value} < 0`, (rows) => `Column ${column}: ${rows} with a weight below 0.`)
  if (min !== undefined) add('out-of-range', `isfinite(${value}) and ${value} < ${min}`, (rows) => `Column ${column}: ${rows} below the smallest allowed value ${min}.`, `${value} < ${min}`)
  if (max !== undefined) add('out-of-range', `isfinite(${value}) and ${value} > ${max}`, (rows) => `Column ${column}: ${rows} above the largest allowed value ${max}.`, `${value} > ${max}`)
  if (values !== undefined) {
    add('category-not-allowed', `${value} not in (${values.map(text).join(', ')})`, (rows) => `Column ${column}: ${rows} with a category that is not allowed.`)
  }
  if (minLength !== undefined) add('too-short', `length(${value}) < ${minLength}`, (rows) => `Column ${column}: ${rows} with a text of fewer than ${minLength} characters.`)
  if (maxLength !== undefined) add('too-long', `length(${value}) > ${maxLength}`, (rows) => `Column ${column}: ${rows} with a text of more than ${maxLength} characters.`)
  if (pattern !== undefined) add('pattern-mismatch', `not regexp_full_match(${value}, ${text(pattern)})`, (rows) => `Column ${column}: ${rows} with a text that does not match ${pattern}.`)
  return checks
}
