import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openDuckDb, text } from '../../src/data/duckdb.js'
import { columns } from './season.js'

/** The rows of a CSV file as zstd-compressed CSV, and as Parquet with types of its own. */
export async function otherForms(context: TestContext, good: string): Promise<{ readonly csvZstd: Buffer; readonly parquet: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-forms-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const at = (file: string): string => text(join(folder, file))
  await writeFile(join(folder, 'good.csv'), good)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  await connection.run(`create table given as select * from read_csv(${at('good.csv')}, all_varchar = true)`)
  await connection.run(`copy given to ${at('good.csv.zst')} (format csv, compression zstd)`)
  const typed = Object.entries(columns).map(([column, { type }]) => `${column}::${type === 'number' ? 'bigint' : type === 'time' ? 'timestamp' : type === 'boolean' ? 'boolean' : 'varchar'} as ${column}`)
  await connection.run(`copy (select ${typed.join(', ')} from given) to ${at('good.parquet')} (format parquet)`)
  return { csvZstd: await readFile(join(folder, 'good.csv.zst')), parquet: await readFile(join(folder, 'good.parquet')) }
}
