import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { RowSource } from './contract.js'
import { readerOfCsv } from './csv.js'
import { recogniseFormat, type DropFormat } from './drop-format.js'
import { rowsOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'
import { readerOfJson } from './json.js'
import { whyUnreadable } from './unreadable.js'
import { isZstdComplete } from './zstd.js'

export interface TableFile {
  readonly path: string
  /** The name it arrived under. */
  readonly key: string
  /** Columns that are expected: they tell the delimiter of a CSV file. */
  readonly expected: readonly string[]
  /** Where a decompressed copy may be made. */
  readonly scratchFile: string
  /** Read no more than this, and do not look whether the rest is sound. */
  readonly mostRows?: number
}

/** A file that can be read as a table; its rows come in the order of the file. */
export interface Table {
  readonly columns: readonly string[]
  /**
   * The rows as the file has them. The values of CSV and JSON are text, for faults are told in a file's own words and no
   * guess at a type may change a value.
   */
  readonly rows: RowSource
  /** The rows read straight under types, where that is faster: ends with an error at the first value that does not fit. */
  readonly rowsAs?: (types: ReadonlyMap<string, string>) => RowSource
}

/**
 * Opens a file for as long as `use` takes. Nothing of it is copied but a compressed file that has to be looked at first.
 * @throws FileFault when the file is not sound, also for what DuckDB says of it while `use` reads
 */
export async function withTable<T>(connection: DuckDBConnection, file: TableFile, use: (table: Table) => Promise<T>): Promise<T> {
  const format = await recogniseFormat(file.path, file.key)
  try {
    const plain = file.mostRows === undefined ? await sound(file, format) : { path: file.path, format }
    return await use(await openTable(connection, plain.path, plain.format, file.expected))
  } catch (error) {
    throw error instanceof FileFault ? error : whyUnreadable(error)
  } finally {
    await rm(file.scratchFile, { force: true })
  }
}

async function openTable(connection: DuckDBConnection, path: string, format: DropFormat, expected: readonly string[]): Promise<Table> {
  switch (format.kind) {
    case 'parquet':
      return described(connection, `read_parquet(${text(path)})`)
    case 'json':
      return described(connection, await readerOfJson(connection, path, format.compression))
    case 'csv': {
      const { names, from } = await readerOfCsv(connection, path, format.compression, expected)
      const rowsAs = (types: ReadonlyMap<string, string>): RowSource => ({ from: from(types), types: new Map(names.map((column) => [column, types.get(column) ?? 'VARCHAR'])) })
      return { columns: names, rows: rowsAs(new Map()), rowsAs }
    }
  }
}

async function described(connection: DuckDBConnection, from: string): Promise<Table> {
  const types = new Map((await rowsOf(connection, `describe select * from ${from}`)).map((row) => [String(row['column_name']), String(row['column_type'])]))
  return { columns: [...types.keys()], rows: { from, types } }
}

/** DuckDB takes the end of a compressed file that was cut off for the end of its rows, so that is looked at first. */
async function sound(file: TableFile, format: DropFormat): Promise<{ readonly path: string; readonly format: DropFormat }> {
  switch (format.compression) {
    case 'none':
      return { path: file.path, format }
    case 'zstd':
      if (!(await isZstdComplete(file.path))) throw new FileFault({ code: 'damaged', message: 'The zstd file is cut off or damaged; send it again.' })
      return { path: file.path, format }
    case 'gzip':
      await pipeline(createReadStream(file.path), createGunzip(), atMost(await mostPlainBytes(file.path)), createWriteStream(file.scratchFile)).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
        throw new FileFault({ code: 'damaged', message: `The gzip file is cut off or damaged (${error.message}); send it again.` })
      })
      return { path: file.scratchFile, format: { kind: format.kind, compression: 'none' } }
  }
}

/** Exports of tables shrink 5 to 30 times; a bomb by up to 1,032. */
const LARGEST_EXPANSION = 200
const ALWAYS_ALLOWED_BYTES = 256 * 1024 ** 2

async function mostPlainBytes(path: string): Promise<number> {
  return Math.max(ALWAYS_ALLOWED_BYTES, (await stat(path)).size * LARGEST_EXPANSION)
}

/** Ends what would fill the disk. */
function atMost(bytes: number): Transform {
  let seen = 0
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      seen += chunk.length
      if (seen <= bytes) done(null, chunk)
      else done(new FileFault({ code: 'damaged', message: `The gzip file holds more than ${LARGEST_EXPANSION} times its size; send it uncompressed if that is right.` }))
    },
  })
}
