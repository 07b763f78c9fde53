import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { DELETED, neededColumns, schemaFaults, soundRows, storedTypes, valueFaults, type Terms } from './contract.js'
import type { DropFaultCode } from './drop-faults.js'
import type { DropProfile } from './drop-profile-format.js'
import { profileRows } from './drop-profile.js'
import { name, numberOf, rowOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'
import { numberedRows } from './numbered-rows.js'
import { inFile, withTables, type Table } from './open-table.js'
import { typeFaults } from './parquet.js'
import type { ReadDropsInput } from './read-drops-job.js'
import type { DropFault, DropReading, Part } from './snapshot.js'
import { uniqueFaults } from './unique.js'
import { refuseShortage, whyUnreadable } from './unreadable.js'

type Input = Pick<Static<typeof ReadDropsInput>, 'drops' | 'columns' | 'format' | 'otherColumns' | 'deleted' | 'outputFolder'>

/** Reads one drop into a part, or says what is wrong with it. */
export async function readDrop(connection: DuckDBConnection, drop: Input['drops'][number], input: Input): Promise<DropReading> {
  const { columns, otherColumns, deleted } = input
  const terms = { columns, otherColumns, deleted, released: drop.released }
  const files = (drop.files ?? [drop]).map(({ key, path }, index) => ({
    key,
    path,
    expected: [...Object.keys(columns), ...(deleted === undefined ? [] : [deleted])],
    format: input.format,
    scratchFile: join(input.outputFolder, `${drop.id}.${index}.plain`),
  }))
  const temporary = join(input.outputFolder, `${drop.id}.tmp`)
  try {
    const faults = await withTables(connection, files, (tables) => writeRows(connection, tables, terms, temporary))
    if (faults.length > 0) return { accepted: false, faults: [...faults] }
    const repeats = drop.released ? [] : await uniqueFaults(connection, remainingRows(temporary, input), input.columns)
    if (repeats.length > 0) return { accepted: false, faults: [...repeats] }
    return { accepted: true, ...(await finishPart(connection, drop.id, temporary, input)) }
  } catch (error) {
    if (error instanceof FileFault) return { accepted: false, faults: [error.fault] }
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Writes the rows under the contract, in a single pass that trusts the files: most drops are sound, and for those nothing
 * is read twice. Only where that pass ends early are the faults looked for, over the whole of each file. Returns them.
 */
async function writeRows(connection: DuckDBConnection, tables: readonly Table[], terms: Terms, path: string): Promise<readonly DropFault[]> {
  const schema = await faultsOf(tables, async (table) => schemaOf(table, terms))
  if (schema.length > 0) return schema
  const types = directTypes(terms.columns)
  const direct = tables.some(({ rowsAs }) => rowsAs !== undefined) ? [tables.map(({ rows, rowsAs }) => rowsAs?.(types) ?? rows)] : []
  let reason: unknown
  for (const sources of [...direct, tables.map(({ rows }) => rows)]) {
    try {
      const rows = sources.map((source) => soundRows(source, terms)).join(' union all ')
      await connection.run(`copy (${rows}) to ${text(path)} (format parquet, compression zstd)`)
      return []
    } catch (error) {
      refuseShortage(error)
      reason = error
    }
  }
  const faults = await faultsOf(tables, (table) => valueFaults(connection, table.rows, terms))
  // What a pass over all cannot be told by one over each is told as it is.
  if (faults.length === 0) throw reason
  return faults
}

/** The faults of each table, with the name of its file where there are several. */
async function faultsOf(tables: readonly Table[], find: (table: Table) => Promise<readonly DropFault[]>): Promise<readonly DropFault[]> {
  const all: DropFault[] = []
  for (const table of tables) {
    const faults = await find(table).catch((error: unknown) => [whyUnreadable(error).fault])
    all.push(...(tables.length === 1 ? faults : faults.map((fault) => inFile(fault, table.key))))
  }
  return all
}

function schemaOf({ columns: found, rows }: Table, terms: Terms): readonly DropFault[] {
  if (found.some((column) => Object.hasOwn(terms.columns, column))) return [...schemaFaults(found, terms), ...typeFaults(rows, neededColumns(terms.columns).map(([column]) => column))]
  const message = `None of the columns of the contract is there; the first line or object begins: ${found.join(', ').slice(0, 100)}`
  const code: DropFaultCode = 'no-known-column'
  return [{ code, message: `${message} – if the file has no header, declare format: { header: false, columns: [...] }.` }]
}

/** The types that a reader of text takes for exactly what the contract does. Times are not among them: it drops their time zones. */
function directTypes(columns: Input['columns']): ReadonlyMap<string, string> {
  return new Map(neededColumns(columns).flatMap(([column, { type }]) => (type === 'number' ? [[column, 'DOUBLE']] : type === 'boolean' ? [[column, 'BOOLEAN']] : [])))
}

/** Gives the part its name and says what is in it. @throws FileFault when it has no rows */
async function finishPart(connection: DuckDBConnection, drop: string, temporary: string, input: Input): Promise<{ readonly part: Part; readonly profile?: DropProfile }> {
  const rows = numberOf((await rowOf(connection, `select count(*) as rows from read_parquet(${text(temporary)})`))['rows'])
  if (rows === 0) throw new FileFault({ code: 'no-rows', message: 'The file has a header but no rows.' })
  const time = neededColumns(input.columns).find(([, { role }]) => role === 'time')?.[0]
  const range = time === undefined ? {} : await timeRange(connection, temporary, time)
  const profile = await profileRows(connection, remainingRows(temporary, input), input.columns)
  const hash = createHash('sha256')
  await pipeline(createReadStream(temporary), hash)
  const sha256 = hash.digest('hex')
  const { size: bytes } = await stat(temporary)
  await rename(temporary, join(input.outputFolder, `${sha256}.parquet`))
  const part = { drop, object: `parts/${sha256}.parquet`, sha256, rows, bytes, ...range, columns: { ...storedTypes(input.columns) } }
  return { part, ...(profile === undefined ? {} : { profile }) }
}

/** The rows of a part but for those that only say that a key is deleted. */
function remainingRows(file: string, { columns, deleted }: Input): string {
  const rows = numberedRows(file, neededColumns(columns).map(([column]) => column))
  return deleted === undefined ? rows : `(select * from ${rows} where not ${DELETED})`
}

async function timeRange(connection: DuckDBConnection, file: string, time: string): Promise<Pick<Part, 'oldest' | 'newest'>> {
  const format = "'%Y-%m-%dT%H:%M:%SZ'"
  const row = await rowOf(
    connection,
    `select strftime(min(${name(time)}), ${format}) as oldest, strftime(max(${name(time)}), ${format}) as newest from read_parquet(${text(file)})`,
  )
  const { oldest, newest } = row
  return typeof oldest === 'string' && typeof newest === 'string' ? { oldest, newest } : {}
}
