import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { name, openDuckDb, text } from './duckdb.js'

/** A column beside those of the test set: a value for each of its rows. */
export interface JudgedColumn {
  readonly name: string
  readonly values: Float64Array | readonly string[]
}

const MEMORY_BYTES = 1_000_000_000

/**
 * Writes some rows of the test set with further columns as `rows.parquet` and `rows.csv`, in their order. For use inside
 * a child process.
 */
export async function writeJudgedRows(setsFolder: string, folder: string, rows: Int32Array, columns: readonly JudgedColumn[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(folder, 'spill') })
  try {
    await connection.run(`create table judged (refit_row integer, ${columns.map((column) => `${name(column.name)} ${column.values instanceof Float64Array ? 'double' : 'varchar'}`).join(', ')})`)
    const appender = await connection.createAppender('judged')
    for (const row of rows) {
      appender.appendInteger(row)
      for (const { values } of columns) {
        const value = values[row]
        if (typeof value === 'number') appender.appendDouble(value)
        else appender.appendVarchar(value ?? '')
      }
      appender.endRow()
    }
    appender.closeSync()
    const joined = `select test.* exclude (file_row_number), judged.* exclude (refit_row) from read_parquet(${text(join(setsFolder, 'test', 'test.parquet'))}, file_row_number = true) test join judged on test.file_row_number = judged.refit_row order by judged.refit_row`
    await connection.run(`copy (${joined}) to ${text(join(folder, 'rows.parquet'))} (format parquet)`)
    await connection.run(`copy (select * from read_parquet(${text(join(folder, 'rows.parquet'))})) to ${text(join(folder, 'rows.csv'))} (format csv, header)`)
  } finally {
    connection.closeSync()
  }
}
