import { join } from 'node:path'
import type { StoredColumn, StoredDelivery } from '../define/stored-definition.js'
import { RefitError } from '../errors.js'
import { name, openDuckDb, rowsOf, text } from './duckdb.js'
import { ROW_HELD, UNIT_HELD } from './held.js'
import { openHistory, type PartFile } from './history.js'
import { columnWith, groupingColumn } from './unit.js'

type Columns = Readonly<Record<string, StoredColumn>>

const MEMORY_BYTES = 1_000_000_000

/** What a test set is held against. */
export interface Holding {
  /** Of the rows that a model was made and checked with, in any order. */
  readonly parts: readonly PartFile[]
  readonly columns: Columns
  readonly delivery?: StoredDelivery | undefined
}

/**
 * Of each row of the test set, whether the parts hold it (`ROW_HELD`), or its unit (`UNIT_HELD`), or neither (0): by what it says, for a drop that is delivered again
 * has another id. It is the same row where key, time and target are the same; whole tables that come again and again
 * (`replace`) often have columns that differ each time. Without a key it is the same with equal values in all columns, or,
 * of a table that is replaced, with the same group, time and target. Columns that some of the parts lack are not looked at.
 * Parts that cannot be read under the contract of today may hold everything. For use inside a child process.
 */
export async function heldRows(folder: string, rows: number, { parts, columns, delivery }: Holding): Promise<Uint8Array> {
  const held = new Uint8Array(rows)
  if (parts.length === 0) return held
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(folder, 'spill') })
  try {
    const shared = await sharedColumns(parts, columns, (query) => rowsOf(connection, query))
    await openHistory(connection, parts, shared)
    const testSet = `read_parquet(${text(join(folder, 'test', 'test.parquet'))}, file_row_number = true)`
    const mark = async (expression: string, as: number): Promise<void> => {
      const found = await connection.runAndReadAll(`select file_row_number::double as refit_at from ${testSet} where hash(${expression}) in (select hash(${expression}) from history)`)
      for (const row of found.getColumnsObject()['refit_at'] ?? []) held[Number(row)] = as
    }
    const grouping = groupingColumn(columns)
    // Without one that the parts know a unit is a row, as far as they tell.
    if (grouping !== undefined && shared[grouping] !== undefined) await mark(name(grouping), UNIT_HELD)
    await mark(identityOf(shared, delivery), ROW_HELD)
    return held
  } catch (error) {
    if (!(error instanceof RefitError) || error.code !== 'history-unfit') throw error
    return held.fill(ROW_HELD)
  } finally {
    connection.closeSync()
  }
}

/** The columns of the test set that all parts have. */
async function sharedColumns(parts: readonly PartFile[], columns: Columns, query: (sql: string) => ReturnType<typeof rowsOf>): Promise<Columns> {
  const paths = [...new Set(parts.map(({ path }) => path))]
  const found = await query(`select name, count(distinct file_name) as refit_files from parquet_schema([${paths.map(text).join(', ')}]) where num_children is null group by name`)
  const everywhere = new Set(found.filter((row) => Number(row['refit_files']) === paths.length).map((row) => String(row['name'])))
  return Object.fromEntries(Object.entries(columns).filter(([column, { role }]) => role !== 'ignored' && role !== 'weight' && everywhere.has(column)))
}

/** SQL of the values that make a row this one, for `hash`. */
function identityOf(shared: Columns, delivery: StoredDelivery | undefined): string {
  const single = columnWith(shared, 'key') ?? (delivery?.kind === 'replace' ? columnWith(shared, 'group') : undefined)
  const told = [single, columnWith(shared, 'time'), columnWith(shared, 'target')].flatMap((column) => (column === undefined ? [] : [name(column)]))
  return (single === undefined ? Object.keys(shared).toSorted().map(name) : told).join(', ')
}
