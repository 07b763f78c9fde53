import type { StoredColumn } from '../define/stored-definition.js'
import { name, text } from './duckdb.js'

/**
 * The side of a row is a function of the canonical text of its unit: the lower 64 bits of the MD5 of that text
 * (DuckDB's `md5_number_lower`, little-endian), as a share of 2^64. MD5 is used because it is the same everywhere and
 * for ever; it is no matter of security.
 */

type Columns = Readonly<Record<string, StoredColumn>>

/** What a unit's share is taken for: each has a share of its own, so that none follows from another. */
export type Purpose = 'test' | 'validation' | 'holdout'

/** The share that a unit falls on, in [0, 1). */
export function shareOf(unit: string, purpose: Purpose): string {
  const salted = purpose === 'test' ? unit : `${unit} || chr(31) || ${text(purpose)}`
  return `(md5_number_lower(${salted})::double / 18446744073709551616.0)`
}

/** What stays together: the group, else the key, else the whole row. */
export function unitExpression(columns: Columns): string {
  const found = groupingColumn(columns)
  if (found !== undefined) return `coalesce(${name(found)}::varchar, '')`
  // By name, and without what is missing: another order of the definition, or a column that former rows lack, moves no row.
  // Nor does another weight: it is the same row.
  const all = Object.keys(columns).filter((column) => columns[column]?.role !== 'ignored' && columns[column]?.role !== 'weight')
  return all.toSorted().map((column) => `coalesce(${text(`${column}=`)} || ${name(column)}::varchar || chr(31), '')`).join(' || ')
}

/** What is kept of a unit where its text need not be read again: 64 bits, sorted and compared cheaply. */
export function unitDigest(columns: Columns): string {
  return `md5_number_lower(${unitExpression(columns)})`
}

/** The column that says what stays together; none where that is the whole row. */
export function groupingColumn(columns: Columns): string | undefined {
  return columnWith(columns, 'group') ?? columnWith(columns, 'key')
}

/** The column of a role, if there is one. */
export function columnWith(columns: Columns, role: StoredColumn['role']): string | undefined {
  return Object.entries(columns).find(([, column]) => column.role === role)?.[0]
}
