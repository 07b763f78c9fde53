import { rm, stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredFormat } from '../define/stored-definition.js'
import type { RowSource } from './contract.js'
import { openCsv } from './csv.js'
import { FileFault } from './file-fault.js'
import { openJson } from './json.js'
import { openParquet } from './parquet.js'
import { plainCopy } from './plain-copy.js'
import type { DropFault } from './snapshot.js'
import { whyUnreadable } from './unreadable.js'

export interface TableFile {
  readonly path: string
  /** The name it arrived under. */
  readonly key: string
  /** Columns that are expected; in a definition's order. */
  readonly expected: readonly string[]
  readonly format: StoredFormat
  /** Where a copy may be made that is not compressed, or is UTF-8. */
  readonly scratchFile: string
}

/** A file that can be read as a table; its rows come in the order of the file. */
export interface Table {
  /** The name of its file. */
  readonly key: string
  readonly columns: readonly string[]
  /**
   * The rows as the file has them. The values of CSV and JSON are text, for faults are told in a file's own words and no
   * guess at a type may change a value.
   */
  readonly rows: RowSource
  /** The rows read straight under types, where that is faster: ends with an error at the first value that does not fit. */
  readonly rowsAs?: (types: ReadonlyMap<string, string>) => RowSource
  /** Of JSON: every value as the JSON that it is. */
  readonly rowsRaw?: RowSource
  /** Of Parquet: where the file lies that `rows` reads. */
  readonly parquet?: string
}

/**
 * Opens files for as long as `use` takes. Nothing of them is copied but what DuckDB cannot be trusted with.
 * @throws FileFault when one is not sound; also for what DuckDB says of it while `use` reads
 */
export async function withTables<T>(connection: DuckDBConnection, files: readonly TableFile[], use: (tables: readonly Table[]) => Promise<T>): Promise<T> {
  try {
    const tables: Table[] = []
    for (const file of files) tables.push(await openTable(connection, file).catch((error: unknown) => throwNamed(whyUnreadable(error), file, files)))
    return await use(tables)
  } catch (error) {
    throw whyUnreadable(error)
  } finally {
    for (const { scratchFile } of files) await rm(scratchFile, { force: true })
  }
}

function throwNamed(fault: FileFault, { key }: TableFile, files: readonly TableFile[]): never {
  throw files.length === 1 ? fault : new FileFault(inFile(fault.fault, key), { cause: fault })
}

/** The fault with the name of the file that it is in, for drops of several. */
export function inFile<F extends DropFault>(fault: F, file: string): F {
  return { ...fault, file, message: `${file}: ${fault.message}` }
}

async function openTable(connection: DuckDBConnection, file: TableFile): Promise<Table> {
  await refuseEmpty(file.path)
  const plain = await plainCopy({ path: file.path, key: file.key, encoding: file.format.encoding, scratchFile: file.scratchFile })
  await refuseEmpty(plain.path)
  switch (plain.format.kind) {
    case 'parquet':
      return { ...tableOf(file.key, await openParquet(connection, plain.path)), parquet: plain.path }
    case 'json': {
      const { rows, rowsRaw } = await openJson(connection, plain.path, plain.format.compression)
      return { ...tableOf(file.key, rows), rowsRaw }
    }
    case 'csv': {
      const { names, from } = await openCsv(connection, { path: plain.path, compression: plain.format.compression, expected: file.expected, declared: file.format })
      const rowsAs = (types: ReadonlyMap<string, string>): RowSource => ({ from: from(types), types: new Map(names.map((column) => [column, types.get(column) ?? 'VARCHAR'])) })
      return { key: file.key, columns: names, rows: rowsAs(new Map()), rowsAs }
    }
  }
}

function tableOf(key: string, rows: RowSource): Table {
  return { key, columns: [...rows.types.keys()], rows }
}

async function refuseEmpty(path: string): Promise<void> {
  if ((await stat(path)).size === 0) throw new FileFault({ code: 'empty', message: 'The file is empty (0 bytes).' })
}
