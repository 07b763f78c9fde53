import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn } from '../define/stored-definition.js'
import { name, numberOf, rowOf, rowsOf, text } from './duckdb.js'
import type { DropFault } from './snapshot.js'

type Columns = Readonly<Record<string, StoredColumn>>

const SAMPLES = 5
/** A broken file can make one value of half of itself. */
const LONGEST_SAMPLE = 200

/** The columns that a drop must have, in order. */
export function neededColumns(columns: Columns): readonly (readonly [string, StoredColumn])[] {
  return Object.entries(columns).filter(([, column]) => column.role !== 'ignored')
}

/** The value of a column under the contract's type, from its text in `raw`; NULL where it is none. */
export function castOf(column: string, { type }: Pick<StoredColumn, 'type'>): string {
  const raw = `nullif(trim(${name(column)}::varchar), '')`
  switch (type) {
    case 'number':
      return `try_cast(${raw} as double)`
    case 'boolean':
      return `case when lower(${raw}) in ('true', 't', 'yes', 'y', '1', '1.0') then true when lower(${raw}) in ('false', 'f', 'no', 'n', '0', '0.0') then false end`
    case 'time':
      return `(try_cast(${raw} as timestamptz) at time zone 'UTC')`
    case 'category':
    case 'text':
      return `nullif(${name(column)}::varchar, '')`
  }
}

/** Differences between the columns of a drop and those of the contract. */
export function schemaFaults(found: readonly string[], columns: Columns): readonly DropFault[] {
  const missing = neededColumns(columns).filter(([column]) => !found.includes(column))
  const unexpected = found.filter((column) => !Object.hasOwn(columns, column))
  return [
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

/** A way in which values of one column break the contract. */
interface Check {
  readonly code: string
  readonly column: string
  /** SQL condition on table `raw` that holds for offending rows. */
  readonly offends: string
  readonly say: (rows: number) => string
}

/** Values that break the contract, by column and kind, with the first offending rows. Needs the table `raw`. */
export async function valueFaults(connection: DuckDBConnection, columns: Columns): Promise<readonly DropFault[]> {
  const checks = neededColumns(columns).flatMap(([column, definition]) => checksOf(column, definition))
  if (checks.length === 0) return []
  const counts = await rowOf(connection, `select ${checks.map(({ offends }, index) => `count(*) filter (where ${offends}) as c${index}`).join(', ')} from raw`)
  const faults: DropFault[] = []
  for (const [index, check] of checks.entries()) {
    const rows = numberOf(counts[`c${index}`])
    if (rows === 0) continue
    const samples = await rowsOf(
      connection,
      `select refit_row, ${name(check.column)}::varchar as value from raw where ${check.offends} order by refit_row limit ${SAMPLES}`,
    )
    faults.push({
      code: check.code,
      column: check.column,
      message: check.say(rows),
      rows,
      samples: samples.map((sample) => ({ row: numberOf(sample['refit_row']), value: String(sample['value'] ?? '').slice(0, LONGEST_SAMPLE) })),
    })
  }
  return faults
}

function checksOf(column: string, definition: StoredColumn): readonly Check[] {
  const { type, role, optional, min, max, values, minLength, maxLength, pattern } = definition
  const cast = castOf(column, definition)
  const isMissing = `nullif(trim(${name(column)}::varchar), '') is null`
  const checks: Check[] = []
  const add = (code: string, offends: string, say: (rows: string) => string): void => {
    checks.push({ code, column, offends, say: (rows) => say(`${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`) })
  }
  if (!optional) {
    const what = role === 'target' ? 'the target has' : 'it has'
    add(role === 'target' ? 'missing-target' : 'missing-value', isMissing, (rows) => `Column ${column}: ${what} no value in ${rows}.`)
  }
  if (type === 'number' || type === 'boolean' || type === 'time') {
    add('wrong-type', `not (${isMissing}) and ${cast} is null`, (rows) => `Column ${column}: ${rows} with something that is no ${type}.`)
  }
  if (type === 'number') add('not-finite', `not isfinite(${cast})`, (rows) => `Column ${column}: ${rows} with NaN or infinity.`)
  if (min !== undefined) add('out-of-range', `isfinite(${cast}) and ${cast} < ${min}`, (rows) => `Column ${column}: ${rows} below the smallest allowed value ${min}.`)
  if (max !== undefined) add('out-of-range', `isfinite(${cast}) and ${cast} > ${max}`, (rows) => `Column ${column}: ${rows} above the largest allowed value ${max}.`)
  if (values !== undefined) {
    add('category-not-allowed', `${cast} not in (${values.map(text).join(', ')})`, (rows) => `Column ${column}: ${rows} with a category that is not allowed.`)
  }
  if (minLength !== undefined) add('too-short', `length(${cast}) < ${minLength}`, (rows) => `Column ${column}: ${rows} with a text of fewer than ${minLength} characters.`)
  if (maxLength !== undefined) add('too-long', `length(${cast}) > ${maxLength}`, (rows) => `Column ${column}: ${rows} with a text of more than ${maxLength} characters.`)
  if (pattern !== undefined) add('pattern-mismatch', `not regexp_full_match(${cast}, ${text(pattern)})`, (rows) => `Column ${column}: ${rows} with a text that does not match ${pattern}.`)
  return checks
}
