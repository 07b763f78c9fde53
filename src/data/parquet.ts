import { stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { RowSource } from './contract.js'
import { numberOf, rowOf, rowsOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'
import type { DropFault } from './snapshot.js'

/** A file of equal rows can be very small; this many of them no table needs. */
const MOST_ROWS_A_BYTE = 1000
const ALWAYS_ALLOWED_ROWS = 100_000_000

/** The types of which no value of a contract can be made. */
const UNSUPPORTED = /\[\d*\]$|^(STRUCT|MAP|UNION|LIST|BLOB|BIT|GEOMETRY|VARIANT)\b/

/**
 * The rows of a Parquet file. Texts that older writers have not marked as such are texts.
 * @throws FileFault when it says that it has more rows than it can
 */
export async function openParquet(connection: DuckDBConnection, path: string): Promise<RowSource> {
  const { size } = await stat(path)
  const { rows } = await rowOf(connection, `select num_rows as rows from parquet_file_metadata(${text(path)})`)
  if (numberOf(rows) > Math.max(ALWAYS_ALLOWED_ROWS, size * MOST_ROWS_A_BYTE)) {
    throw new FileFault({ code: 'damaged', message: `The Parquet file says that it has ${numberOf(rows).toLocaleString('en-US')} rows in ${size.toLocaleString('en-US')} bytes.` })
  }
  const from = `read_parquet(${text(path)}, binary_as_string = true)`
  const types = new Map((await rowsOf(connection, `describe select * from ${from}`)).map((row) => [String(row['column_name']), String(row['column_type'])]))
  return { from, types }
}

/** The columns among `needed` that hold no plain values. */
export function typeFaults({ types }: RowSource, needed: readonly string[]): readonly DropFault[] {
  return needed.flatMap((column) => {
    const type = types.get(column) ?? ''
    if (!UNSUPPORTED.test(type)) return []
    return [{ code: 'unsupported-type' as const, column, message: `Column ${column} holds values of the type ${type.slice(0, 100)}; write plain numbers, texts, booleans or times.` }]
  })
}
