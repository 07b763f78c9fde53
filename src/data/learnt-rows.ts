import { join } from 'node:path'
import type { StoredColumn } from '../define/stored-definition.js'
import { openDuckDb, text } from './duckdb.js'
import { unitDigest } from './unit.js'

const MEMORY_BYTES = 1_000_000_000

/** 1 for each row of the test set whose unit is among the digests of a file, else 0. For use inside a child process. */
export async function learntRows(folder: string, columns: Readonly<Record<string, StoredColumn>>, digests: string, rows: number): Promise<Uint8Array> {
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(folder, 'spill') })
  const testSet = `read_parquet(${text(join(folder, 'test', 'test.parquet'))}, file_row_number = true)`
  const found = await connection.runAndReadAll(`select file_row_number::double as row from ${testSet} where ${unitDigest(columns)} in (select unit from read_parquet(${text(digests)}))`)
  connection.closeSync()
  const learnt = new Uint8Array(rows)
  for (const row of found.getColumnsObject()['row'] ?? []) learnt[Number(row)] = 1
  return learnt
}
