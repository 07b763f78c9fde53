import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { StoredColumn } from '../define/stored-definition.js'
import { neededColumns } from './contract.js'
import { LEVELS, type CategoryProfile, type ColumnProfile, type DropProfile } from './drop-profile-format.js'
import { name, numberOf, rowOf } from './duckdb.js'

/** Quantiles and categories of a larger drop are those of a sample: its error is far below what is ever called implausible. */
const SAMPLE_ROWS = 20_000
const MOST_VALUES = 200
const SKETCH = 256
const HASHES = 2 ** 48

/** The profile of the rows of a part, given in SQL with their `file_row_number`: one scan for what is exact, one for sample and sketch. Undefined without rows. */
export async function profileRows(connection: DuckDBConnection, source: string, contract: Readonly<Record<string, StoredColumn>>): Promise<DropProfile | undefined> {
  const columns = neededColumns(contract)
  const exact = await rowOf(connection, `select version() as version, count(*) as rows, ${columns.flatMap(([column, { type }], index) => exactFigures(column, type, index)).join(', ')} from ${source}`)
  const rows = numberOf(exact['rows'])
  if (rows === 0) return undefined
  // DuckDB's own hash is many times as fast as MD5. Another release may hash otherwise: repeats of older rows are then missed, and nothing worse.
  const hash = `(hash(${columns.map(([column]) => name(column)).join(', ')}) >> 16)::double`
  const below = Math.min(HASHES, Math.ceil((HASHES * SKETCH * 4) / rows))
  const values = columns.flatMap(([column, { type }], index) => (type === 'text' ? [] : [`${plainValue(column, type)} as v${index}`]))
  const result = await connection.runAndReadAll(
    `select ${[`${hash} as hash`, `hash(file_row_number) % ${Math.ceil(rows / SAMPLE_ROWS)} = 0 as sampled`, ...values].join(', ')} from ${source} where sampled or hash < ${below}`,
  )
  const read = result.getColumnsObject()
  const isSampled = read['sampled'] ?? []
  const sampled = (index: number): readonly DuckDBValue[] => (read[`v${index}`] ?? []).filter((value, row) => value !== null && isSampled[row] === true)
  return {
    formatVersion: 1,
    rows,
    columns: Object.fromEntries(columns.map(([column, { type }], index) => [column, summaryOf(type, rows, (what) => numberOf(exact[`${what}${index}`]), sampled(index))])),
    sketch: sketchOf(String(exact['version']), (read['hash'] ?? []).map(Number), below),
  }
}

function exactFigures(column: string, type: StoredColumn['type'], index: number): readonly string[] {
  const [quoted, count] = [name(column), `count(${name(column)}) as count${index}`]
  switch (type) {
    case 'number':
      return [count, `min(${quoted}) as min${index}`, `max(${quoted}) as max${index}`, `avg(${quoted}) as mean${index}`, `stddev_pop(${quoted}) as sd${index}`]
    case 'time':
      return [count, `epoch_ms(min(${quoted})) as min${index}`, `epoch_ms(max(${quoted})) as max${index}`]
    case 'category':
    case 'boolean':
    case 'text':
      return [count]
  }
}

function plainValue(column: string, type: 'number' | 'category' | 'boolean' | 'time'): string {
  if (type === 'time') return `epoch_ms(${name(column)})::double`
  return type === 'boolean' ? `${name(column)}::varchar` : name(column)
}

function summaryOf(type: StoredColumn['type'], rows: number, exact: (what: 'count' | 'min' | 'max' | 'mean' | 'sd') => number, sampled: readonly DuckDBValue[]): ColumnProfile {
  const missing = rows - exact('count')
  if (type === 'text' || (type !== 'category' && type !== 'boolean' && sampled.length === 0)) return { kind: 'other', missing }
  if (type === 'category' || type === 'boolean') return { kind: 'category', missing, ...categories(sampled.map(String)) }
  const sorted = Float64Array.from(sampled, Number).sort()
  const at = (level: number): number => sorted[Math.max(0, Math.ceil(level * sorted.length) - 1)] ?? 0
  if (type === 'time') return { kind: 'time', missing, oldest: exact('min'), early: at(0.05), median: at(0.5), late: at(0.95), newest: exact('max') }
  return { kind: 'number', missing, min: exact('min'), max: exact('max'), mean: exact('mean'), sd: exact('sd'), quantiles: LEVELS.map(at) }
}

function categories(values: readonly string[]): Pick<CategoryProfile, 'counted' | 'distinct' | 'values'> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const frequent = [...counts].toSorted(([one, many], [other, more]) => more - many || (one < other ? -1 : 1))
  return { counted: values.length, distinct: counts.size, values: frequent.slice(0, MOST_VALUES) }
}

function sketchOf(version: string, hashes: readonly number[], below: number): DropProfile['sketch'] {
  const smallest = [...Float64Array.from(new Set(hashes)).sort()]
  const known = smallest.slice(0, SKETCH)
  return { of: `duckdb ${version}`, hashes: known, below: Math.min(below, smallest[SKETCH] ?? below) }
}
