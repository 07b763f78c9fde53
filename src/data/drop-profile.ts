import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { StoredColumn } from '../define/stored-definition.js'
import { neededColumns } from './contract.js'
import { LEVELS, type CategoryProfile, type ColumnProfile, type DropProfile } from './drop-profile-format.js'
import { name, numberOf, rowOf } from './duckdb.js'
import { momentsOf } from './magnitude.js'

/** Of a larger drop a sample is looked at: its error is far below what is ever called implausible. */
const SAMPLE_ROWS = 10_000
const MOST_VALUES = 200
const SKETCH = 256
const HASHES = 2 ** 48

/**
 * The profile of the rows of a part, given in SQL with their `refit_number`: a single scan, for what is exact stands
 * in the statistics of a Parquet file. Undefined without rows.
 */
export async function profileRows(connection: DuckDBConnection, source: string, contract: Readonly<Record<string, StoredColumn>>): Promise<DropProfile | undefined> {
  const columns = neededColumns(contract)
  const ends = columns.flatMap(([column, { type }], index) => endsOf(column, type, index))
  const exact = await rowOf(connection, `select ${['version() as version', 'count(*) as rows', ...ends].join(', ')} from ${source}`)
  const rows = numberOf(exact['rows'])
  if (rows === 0) return undefined
  // DuckDB's own hash is many times as fast as MD5. Another release may hash otherwise: repeats of older rows are then missed, and nothing worse.
  const hash = `(hash(${columns.map(([column]) => name(column)).join(', ')}) >> 16)::double`
  const below = Math.min(HASHES, Math.ceil((HASHES * SKETCH * 4) / rows))
  const values = columns.map(([column, { type }], index) => `${plainValue(column, type)} as v${index}`)
  const result = await connection.runAndReadAll(
    `select ${[`${hash} as refit_hash`, `hash(refit_number) % ${Math.ceil(rows / SAMPLE_ROWS)} = 0 as refit_sampled`, ...values].join(', ')} from ${source} where refit_sampled or refit_hash < ${below}`,
  )
  const read = result.getColumnsObject()
  const isSampled = (read['refit_sampled'] ?? []).map((value) => value === true)
  const sampled = (index: number): readonly DuckDBValue[] => (read[`v${index}`] ?? []).filter((_, row) => isSampled[row] === true)
  return {
    formatVersion: 1,
    rows,
    columns: Object.fromEntries(columns.map(([column, { type }], index) => [column, summaryOf(type, rows, sampled(index), (end) => numberOf(exact[`${end}${index}`]))])),
    sketch: sketchOf(String(exact['version']), (read['refit_hash'] ?? []).map(Number), below),
  }
}

function endsOf(column: string, type: StoredColumn['type'], index: number): readonly string[] {
  if (type === 'number') return [`min(${name(column)}) as min${index}`, `max(${name(column)}) as max${index}`]
  return type === 'time' ? [`epoch_ms(min(${name(column)})) as min${index}`, `epoch_ms(max(${name(column)})) as max${index}`] : []
}

/** As JavaScript takes it; of a text only whether it is there. */
function plainValue(column: string, type: StoredColumn['type']): string {
  switch (type) {
    case 'time':
      return `epoch_ms(${name(column)})::double`
    case 'boolean':
      return `${name(column)}::varchar`
    case 'text':
      return `case when ${name(column)} is not null then true end`
    case 'number':
    case 'category':
      return name(column)
  }
}

function summaryOf(type: StoredColumn['type'], rows: number, sampled: readonly DuckDBValue[], exact: (end: 'min' | 'max') => number): ColumnProfile {
  const values = sampled.filter((value) => value !== null)
  const missing = Math.round(((sampled.length - values.length) / Math.max(1, sampled.length)) * rows)
  if (type === 'category' || type === 'boolean') return { kind: 'category', missing, ...categories(values.map(String)) }
  if (type === 'text' || values.length === 0) return { kind: 'other', missing }
  const sorted = Float64Array.from(values, Number).sort()
  const at = (level: number): number => sorted[Math.max(0, Math.ceil(level * sorted.length) - 1)] ?? 0
  if (type === 'time') return { kind: 'time', missing, oldest: exact('min'), early: at(0.05), median: at(0.5), late: at(0.95), newest: exact('max') }
  const { mean, deviation: sd } = momentsOf(sorted)
  return { kind: 'number', missing, min: exact('min'), max: exact('max'), mean, sd, quantiles: LEVELS.map(at) }
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
