import { join } from 'node:path'
import type { StoredColumn } from '../define/stored-definition.js'
import { name, openDuckDb, text } from './duckdb.js'
import { columnWith } from './unit.js'

/** The test set of a run in memory. Arrays run over its rows. */
export interface TestSet {
  readonly rows: number
  /** The target of a regression; empty otherwise. */
  readonly targets: Float64Array
  /** The target of a classification; empty otherwise. */
  readonly labels: readonly string[]
  /** The resampling unit of each row. */
  readonly units: readonly string[]
  /** The drop that each row came from. */
  readonly drops: readonly string[]
  /** Milliseconds since 1970; NaN without a time column. */
  readonly times: Float64Array
  /** Rows as a predictor takes them, from `from` up to but not including `to`. */
  batch(
    inputs: readonly { readonly name: string; readonly type: 'number' | 'category' | 'boolean' }[],
    from: number,
    to: number,
  ): { readonly rows: number; readonly columns: Readonly<Record<string, readonly (number | string | boolean | null)[]>> }
  /** The text of columns that slices are asked for. */
  slices(columns: readonly string[]): Readonly<Record<string, readonly string[]>>
}

const MEMORY_BYTES = 1_000_000_000

/** Reads the test set, or the holdout, that `splitSnapshot` left. For use inside a child process. */
export async function readTestSet(folder: string, columns: Readonly<Record<string, StoredColumn>>, side: 'test' | 'holdout' = 'test'): Promise<TestSet> {
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(folder, 'spill') })
  const time = columnWith(columns, 'time')
  const selected = Object.entries(columns).filter(([, { role }]) => role === 'feature' || role === 'target')
  const file = join(folder, side, `${side}.parquet`)
  const result = await connection.runAndReadAll(
    `select refit_unit, refit_drop, ${time === undefined ? 'null::double' : `epoch_ms(${name(time)})::double`} as refit_time,
      ${selected.map(([column]) => name(column)).join(', ')} from read_parquet(${text(file)})`,
  )
  const data = result.getColumnsObject()
  const rows = result.currentRowCount
  const target = columnWith(columns, 'target') ?? ''
  const values = (column: string): readonly unknown[] => data[column] ?? []
  const strings = (column: string): readonly string[] => values(column).map(textOf)
  const isNumber = columns[target]?.type === 'number'
  return {
    rows,
    targets: isNumber ? Float64Array.from(values(target), Number) : new Float64Array(),
    labels: isNumber ? [] : strings(target),
    units: strings('refit_unit'),
    drops: strings('refit_drop'),
    times: Float64Array.from(values('refit_time'), (value) => (value === null ? Number.NaN : Number(value))),
    batch: (inputs, from, to) => ({
      rows: to - from,
      columns: Object.fromEntries(inputs.map((input) => [input.name, values(input.name).slice(from, to).map((value) => featureOf(input.type, value))])),
    }),
    slices: (wanted) => Object.fromEntries(wanted.map((column) => [column, strings(column)])),
  }
}

function featureOf(type: 'number' | 'category' | 'boolean', value: unknown): number | string | boolean | null {
  if (value === null || value === undefined) return null
  switch (type) {
    case 'number':
      return Number(value)
    case 'boolean':
      return value === true
    case 'category':
      return textOf(value)
  }
}

/** Numbers, booleans and text of a Parquet file as text; nothing else is ever in a part. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : ''
}
