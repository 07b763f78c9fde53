import { tmpdir } from 'node:os'
import type { DuckDBConnection } from '@duckdb/node-api'
import { openDuckDb, rowOf, rowsOf, text, type Row } from '../../src/data/duckdb.js'

/** Tables as the tests make and look at them. */
export interface Tables {
  /** Writes the rows of a query as Parquet, CSV with a header, or JSON lines. */
  write(query: string, path: string): Promise<void>
  rows(query: string): Promise<readonly Row[]>
  row(query: string): Promise<Row>
  close(): void
}

export async function openTables(): Promise<Tables> {
  const connection: DuckDBConnection = await openDuckDb({ memoryBytes: 4_000_000_000, spillFolder: tmpdir() })
  return {
    write: async (query, path) => {
      const format = path.endsWith('.parquet') ? 'format parquet, row_group_size 16384' : path.endsWith('.csv') ? 'format csv, header' : 'format json'
      await connection.run(`copy (${query}) to ${text(path)} (${format})`)
    },
    rows: (query) => rowsOf(connection, query),
    row: (query) => rowOf(connection, query),
    close: () => connection.closeSync(),
  }
}

/** SQL of `rows` rides, made from their numbers alone. */
export function ridesOf(rows: number): string {
  return `select 'o' || i as ride, i as place, (i * 7919 % 5000) / 10.0 as distance, case i % 3 when 0 then 'bike' when 1 then 'car' else 'train' end as vehicle, case i % 4 when 0 then true when 1 then false end as night from range(${rows}) t(i)`
}
