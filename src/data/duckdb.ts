import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api'

/** What a query answers: one record a row. */
export type Row = Readonly<Record<string, DuckDBValue>>

/** A database in memory that spills to a folder, with no way to load extensions. For use inside a child process. */
export async function openDuckDb(options: { readonly memoryBytes: number; readonly spillFolder: string }): Promise<DuckDBConnection> {
  // DuckDB counts its own buffers only. Beside them a grouping of millions, or a writer, takes as much as they do.
  const megabytes = Math.max(128, Math.floor((options.memoryBytes * 0.4) / 1_048_576))
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${megabytes}MiB`,
    temp_directory: options.spillFolder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: '2',
  })
  const connection = await instance.connect()
  // What a grouping of millions has freed stays with the process otherwise: 40 million groups took 830 MB beside the buffers, and 460 so.
  await connection.run("set allocator_background_threads = true; set allocator_flush_threshold = '16MB'")
  await connection.run("set TimeZone = 'UTC'")
  return connection
}

/** All rows of a query. */
export async function rowsOf(connection: DuckDBConnection, query: string): Promise<readonly Row[]> {
  return (await connection.runAndReadAll(query)).getRowObjects()
}

/** The only row of a query that always has one. */
export async function rowOf(connection: DuckDBConnection, query: string): Promise<Row> {
  const [row] = await rowsOf(connection, query)
  if (row === undefined) throw new Error(`no row from: ${query}`)
  return row
}

/** A count as a number; null counts as 0. */
export function numberOf(value: DuckDBValue | undefined): number {
  if (value === null || value === undefined) return 0
  return Number(value)
}

/** A list of texts; anything else is an empty one. */
export function textsOf(list: DuckDBValue | undefined): readonly string[] {
  return typeof list === 'object' && list !== null && 'items' in list && Array.isArray(list.items) ? list.items.map(String) : []
}

/** An identifier, quoted. */
export function name(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

/** A text literal, quoted. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
