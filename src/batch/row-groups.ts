import type { DuckDBConnection } from '@duckdb/node-api'
import { numberOf, rowOf, text } from '../data/duckdb.js'

/** A writer of Parquet keeps a group of rows in memory, however wide they are: no more of them than come to this. */
const GROUP_BYTES = 32_000_000
/** DuckDB's own choice, and what rows of any width can be written in. */
const MOST_ROWS = 122_880
const FEWEST_ROWS = 2048
/** Of texts, whose width nobody knows before they are read. */
export const COPY_ROWS = 16_384

/** Of how many rows the groups of a Parquet file should be that holds what another one does. */
export async function groupRows(connection: DuckDBConnection, { path, rows }: { readonly path: string; readonly rows: number }): Promise<number> {
  const { bytes } = await rowOf(connection, `select sum(total_uncompressed_size) as bytes from parquet_metadata(${text(path)})`)
  const fitting = Math.floor((GROUP_BYTES * rows) / Math.max(1, numberOf(bytes)))
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, fitting - (fitting % FEWEST_ROWS)))
}
