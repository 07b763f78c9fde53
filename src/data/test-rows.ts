import { join } from 'node:path'
import type { DuckDBValue } from '@duckdb/node-api'
import { numberOf, openDuckDb, rowOf, rowsOf, text } from './duckdb.js'

/** The sets that are scored. */
export type ScoredSide = 'test' | 'holdout'

/** The rows of a set, of which never more than a few thousand are in memory at once. */
export interface TestRows {
  readonly rows: number
  readonly columns: readonly string[]
  /** Gives the values of some SQL expressions for all rows, or the first `most`, in their order, column by column, `from` a row on. */
  read(expressions: readonly string[], visit: (columns: readonly (readonly DuckDBValue[])[], from: number) => Promise<void> | void, most?: number): Promise<void>
  close(): void
}

const MEMORY_BYTES = 1_000_000_000

/** Opens the test set, or the holdout, that `splitSnapshot` left. For use inside a child process. */
export async function openTestRows(folder: string, side: ScoredSide = 'test'): Promise<TestRows> {
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(folder, 'spill') })
  const file = `read_parquet(${text(join(folder, side, `${side}.parquet`))}, file_row_number = true)`
  return {
    rows: numberOf((await rowOf(connection, `select count(*) as rows from ${file}`))['rows']),
    columns: (await rowsOf(connection, `describe select * from ${file}`)).map((row) => String(row['column_name'])),
    read: async (expressions, visit, most) => {
      const result = await connection.stream(`select ${['file_row_number', ...expressions].join(', ')} from ${file}${most === undefined ? '' : ` limit ${most}`}`)
      let from = 0
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        // What two readings say of a row must be of the same row.
        if (Number(chunk.getColumnVector(0).getItem(0)) !== from) throw new Error('DuckDB gives rows out of order')
        await visit(Array.from(expressions, (_, index) => chunk.getColumnValues(index + 1)), from)
        from += chunk.rowCount
      }
    },
    close: () => connection.closeSync(),
  }
}
