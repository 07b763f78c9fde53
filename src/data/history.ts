import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn, StoredDelivery } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { castOf, noValue } from './cast.js'
import { DELETED, neededColumns } from './contract.js'
import { name, numberOf, rowsOf, text } from './duckdb.js'
import { hidesNumbers, numberedRows } from './numbered-rows.js'

/** More than a part can have. */
const ROWS_A_PART = 1_000_000_000_000

type Columns = Readonly<Record<string, StoredColumn>>
type Type = StoredColumn['type']

/** The file of a part. */
export interface PartFile {
  readonly drop: string
  readonly path: string
}

/** A part of a drop, with the types that its columns had under the contract of its time. */
interface TypedPart extends PartFile {
  readonly types: ReadonlyMap<string, Type>
}

/**
 * Makes the view `history` of the rows of all parts, under the contract of today: a part may be older than a column, or
 * know it as another type. `refit_row` orders the rows by their arrival, `refit_drop` names the drop of each. With upsert
 * only the newest row of each key is there, unless that says that the key is deleted.
 * @throws RefitError `history-unfit` when rows of former drops cannot satisfy the contract
 */
export async function openHistory(connection: DuckDBConnection, parts: readonly PartFile[], columns: Columns, delivery?: StoredDelivery): Promise<void> {
  const typed = await typesOf(connection, parts)
  const faults: string[] = []
  for (const [column, definition] of neededColumns(columns)) {
    const lacking = typed.filter(({ types }) => !types.has(column))
    if (lacking.length > 0 && !definition.optional) faults.push(`column ${column} is required and is missing in ${countOf(lacking, typed)}.`)
    faults.push(...(await typeFaults(connection, typed, column, definition)))
  }
  if (faults.length > 0) throw refitError('history-unfit', { reason: faults.join(' And ') })
  await connection.run(`create temp view delivered as ${(await deliveredRows(connection, typed, columns)).join(' union all ')}`)
  const valid = delivery?.kind === 'upsert' ? await newestOfKeys(connection, columns) : `not ${DELETED}`
  await connection.run(`create temp view history as select * exclude (${DELETED}) from delivered where ${valid}`)
  const weight = Object.keys(columns).find((column) => columns[column]?.role === 'weight')
  if (weight !== undefined) await requireWeights(connection, weight)
}

/** Drops that were accepted before the column was the weight have been held to another contract. */
async function requireWeights(connection: DuckDBConnection, weight: string): Promise<void> {
  const [row] = await rowsOf(connection, `select count(*) as refit_rows from history where not coalesce(isfinite(${name(weight)}) and ${name(weight)} >= 0, false)`)
  const rows = numberOf(row?.['refit_rows'])
  if (rows > 0) throw refitError('history-unfit', { reason: `column ${weight}, the weight, has no value or one below 0 in ${rows.toLocaleString('en-US')} rows.` })
}

/**
 * SQL of the rows of all parts, in their order: one reading for as many as lie side by side and have the same columns, for
 * what a statement costs grows with the readings in it.
 */
async function deliveredRows(connection: DuckDBConnection, parts: readonly TypedPart[], columns: Columns): Promise<readonly string[]> {
  // Each row comes with the path of its file. As a value of a type it is found without looking through all of them.
  const paths = [...new Set(parts.map(({ path }) => path))]
  if (paths.length > 0) await connection.run(`create type refit_path as enum (${paths.map(text).join(', ')})`)
  const place = new Map(paths.map((path, index) => [path, index]))
  const needed = neededColumns(columns)
  return readTogether(parts).map(({ first, together }) => {
    const [{ types } = { types: new Map<string, Type>() }] = together
    const values = needed.map(([column, definition]) => `${valueOf(types.get(column), column, definition)} as ${name(column)}`)
    const deleted = types.has(DELETED) ? DELETED : 'false'
    const selection = (drop: string, part: string, number: string): string => `select ${drop} as refit_drop, (${part})::bigint * ${ROWS_A_PART} + ${number} as refit_row, ${deleted} as ${DELETED}, ${values.join(', ')}`
    if (together.length === 1) return together.map(({ drop, path }) => `${selection(text(drop), String(first), 'refit_number')} from ${numberedRows(path, types.keys())}`).join('')
    // Where a path stands among all of them, and where its part does.
    const at = together.map(({ path }) => place.get(path) ?? 0)
    const [least, most] = at.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [paths.length, 0])
    const byPath = <T>(of: (part: TypedPart, index: number) => T, none: T): readonly T[] => {
      const list = Array.from({ length: most - least + 1 }, () => none)
      for (const [index, part] of together.entries()) list[(at[index] ?? 0) - least] = of(part, index)
      return list
    }
    const code = `enum_code(refit_file::refit_path) - ${least} + 1`
    const drop = `([${byPath(({ drop: id }) => text(id), text('')).join(', ')}])[${code}]`
    const part = `([${byPath((_part, index) => first + index, 0).join(', ')}])[${code}]`
    const files = `read_parquet([${together.map(({ path }) => text(path)).join(', ')}], file_row_number = true, filename = 'refit_file')`
    return `${selection(drop, part, 'file_row_number')} from ${files}`
  })
}

/** Parts, from the `first` on, that can be read as one list of files. */
function readTogether(parts: readonly TypedPart[]): readonly { readonly first: number; readonly together: readonly TypedPart[] }[] {
  const readings: { first: number; together: TypedPart[]; form: string; paths: Set<string> }[] = []
  for (const [index, part] of parts.entries()) {
    const form = JSON.stringify([...part.types].toSorted(([one], [other]) => (one < other ? -1 : 1)))
    const last = readings.at(-1)
    // The same content may have come twice: its rows are told apart by what they are read with.
    const joins = last?.form === form && !last.paths.has(part.path) && !hidesNumbers(part.types.keys())
    if (joins) {
      last.together.push(part)
      last.paths.add(part.path)
    } else readings.push({ first: index, together: [part], form, paths: new Set([part.path]) })
  }
  return readings
}

/**
 * A condition that only the rows hold which are valid of their keys. Which these are is found by keys and numbers alone,
 * so that the memory it takes does not grow with the width of the rows; what is too much goes to disk.
 */
async function newestOfKeys(connection: DuckDBConnection, columns: Columns): Promise<string> {
  const key = Object.keys(columns).find((column) => columns[column]?.role === 'key')
  if (key === undefined) throw new Error('an upsert needs a key column')
  // A row from before the key was required has none to be merged by.
  await connection.run(
    `create temp table newest as select max(refit_row) as refit_row from delivered
      group by ${name(key)}, case when ${name(key)} is null then refit_row end having not arg_max(${DELETED}, refit_row)`,
  )
  return 'refit_row in (select refit_row from newest)'
}

async function typesOf(connection: DuckDBConnection, parts: readonly PartFile[]): Promise<readonly TypedPart[]> {
  const rows = await rowsOf(connection, `select file_name, name, type from parquet_schema([${parts.map(({ path }) => text(path)).join(', ')}]) where num_children is null`)
  const types = new Map<string, Map<string, Type>>()
  for (const { file_name: file, name: column, type } of rows) {
    const known = types.get(String(file)) ?? new Map<string, Type>()
    types.set(String(file), known.set(String(column), typeOfStored(String(type))))
  }
  return parts.map((part) => ({ ...part, types: types.get(part.path) ?? new Map<string, Type>() }))
}

/** Parts are written by `castOf`, so these are all there are. */
function typeOfStored(type: string): Type {
  switch (type) {
    case 'DOUBLE':
      return 'number'
    case 'BOOLEAN':
      return 'boolean'
    case 'INT64':
      return 'time'
    default:
      return 'text'
  }
}

/** A column of a part, stored as `stored`, under the contract of today. */
function valueOf(stored: Type | undefined, column: string, definition: StoredColumn): string {
  if (stored === undefined) return noValue(definition)
  if (stored === formOf(definition.type)) return name(column)
  return castOf(column, definition, stored === 'number' ? 'DOUBLE' : '')
}

/** Categories and texts are stored alike. */
function formOf(type: Type): Type {
  return type === 'category' ? 'text' : type
}

/** Why parts that know a column as another type cannot give it as that of today. */
async function typeFaults(connection: DuckDBConnection, parts: readonly TypedPart[], column: string, definition: StoredColumn): Promise<readonly string[]> {
  const wanted = formOf(definition.type)
  const storedAs = (type: Type): readonly TypedPart[] => parts.filter(({ types }) => types.get(column) === type)
  const faults: string[] = []
  for (const stored of ['number', 'boolean', 'time', 'text'] as const) {
    const others = stored === wanted ? [] : storedAs(stored)
    if (others.length === 0) continue
    const where = countOf(others, parts)
    if (wanted === 'text' && stored !== 'number') {
      faults.push(`column ${column} was a ${stored} in ${where}, so that its texts are not known.`)
    } else if (wanted === 'text') {
      const padded = await rowsWhere(connection, storedAs('text'), `regexp_matches(${name(column)}, '^0[0-9]')`)
      if (padded > 0) faults.push(`column ${column} was a number in ${where}, so that zeros before its codes are lost, and later drops have such codes.`)
    } else {
      const rows = await rowsWhere(connection, others, `${name(column)} is not null and ${castOf(column, definition)} is null`)
      if (rows > 0) faults.push(`column ${column} has something that is no ${wanted} in ${rows.toLocaleString('en-US')} rows of ${where}.`)
    }
  }
  return faults
}

async function rowsWhere(connection: DuckDBConnection, parts: readonly PartFile[], condition: string): Promise<number> {
  if (parts.length === 0) return 0
  const files = parts.map(({ path }) => text(path)).join(', ')
  const [row] = await rowsOf(connection, `select count(*) as rows from read_parquet([${files}], union_by_name = true) where ${condition}`)
  return numberOf(row?.['rows'])
}

const NAMED = 3

function countOf(some: readonly PartFile[], all: readonly PartFile[]): string {
  const names = some.slice(0, NAMED).map(({ drop }) => drop)
  return `${some.length} of ${all.length} drops (${names.join(', ')}${some.length > NAMED ? ', …' : ''})`
}
