import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { isBrokenContract, neededColumns, schemaFaults, soundRows, storedTypes, valueFaults, type Terms } from './contract.js'
import { name, numberOf, rowOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'
import { withTable, type Table } from './open-table.js'
import type { ReadDropsInput } from './read-drops-job.js'
import type { DropFault, DropReading, Part } from './snapshot.js'
import { refuseShortage } from './unreadable.js'

type Input = Pick<Static<typeof ReadDropsInput>, 'drops' | 'columns' | 'otherColumns' | 'deleted' | 'outputFolder'>

/** Reads one drop into a part, or says what is wrong with it. */
export async function readDrop(connection: DuckDBConnection, drop: Input['drops'][number], input: Input): Promise<DropReading> {
  if ((await stat(drop.path)).size === 0) return refuse({ code: 'empty', message: 'The file is empty (0 bytes).' })
  const file = { path: drop.path, key: drop.key, expected: [...Object.keys(input.columns), ...(input.deleted === undefined ? [] : [input.deleted])], scratchFile: join(input.outputFolder, `${drop.id}.plain`) }
  const temporary = join(input.outputFolder, `${drop.id}.tmp`)
  try {
    const { columns, otherColumns, deleted } = input
    const terms = { columns, otherColumns, deleted, released: drop.released }
    const faults = await withTable(connection, file, (table) => writeRows(connection, table, terms, temporary))
    if (faults.length > 0) return { accepted: false, faults: [...faults] }
    return { accepted: true, part: await finishPart(connection, drop.id, temporary, input) }
  } catch (error) {
    if (error instanceof FileFault) return refuse(error.fault)
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Writes the rows under the contract, in a single pass that trusts the file: most drops are sound, and for those nothing is
 * read twice. Only where that pass ends early are the faults looked for, over the whole file. Returns them.
 */
async function writeRows(connection: DuckDBConnection, table: Table, terms: Terms, path: string): Promise<readonly DropFault[]> {
  const schema = schemaOf(table.columns, terms)
  if (schema.length > 0) return schema
  const attempts = [...(table.rowsAs === undefined ? [] : [table.rowsAs(directTypes(terms.columns))]), table.rows]
  for (const rows of attempts) {
    try {
      await connection.run(`copy (${soundRows(rows, terms)}) to ${text(path)} (format parquet, compression zstd)`)
      return []
    } catch (error) {
      const isLast = rows === table.rows
      if (isLast && !isBrokenContract(error)) throw error
      refuseShortage(error)
    }
  }
  const faults = await valueFaults(connection, table.rows, terms)
  if (faults.length === 0) throw new Error('a pass found a fault that the next did not')
  return faults
}

function schemaOf(found: readonly string[], terms: Terms): readonly DropFault[] {
  if (found.some((column) => Object.hasOwn(terms.columns, column))) return schemaFaults(found, terms)
  return [{ code: 'no-known-column', message: `None of the columns of the contract is there; the first line or object begins: ${found.join(', ').slice(0, 100)}` }]
}

/** The types that a reader of text takes for exactly what the contract does. Times are not among them: it drops their time zones. */
function directTypes(columns: Input['columns']): ReadonlyMap<string, string> {
  return new Map(neededColumns(columns).flatMap(([column, { type }]) => (type === 'number' ? [[column, 'DOUBLE']] : type === 'boolean' ? [[column, 'BOOLEAN']] : [])))
}

/** Gives the part its name and says what is in it. @throws FileFault when it has no rows */
async function finishPart(connection: DuckDBConnection, drop: string, temporary: string, input: Input): Promise<Part> {
  const rows = numberOf((await rowOf(connection, `select count(*) as rows from read_parquet(${text(temporary)})`))['rows'])
  if (rows === 0) throw new FileFault({ code: 'no-rows', message: 'The file has a header but no rows.' })
  const time = neededColumns(input.columns).find(([, { role }]) => role === 'time')?.[0]
  const range = time === undefined ? {} : await timeRange(connection, temporary, time)
  const hash = createHash('sha256')
  await pipeline(createReadStream(temporary), hash)
  const sha256 = hash.digest('hex')
  const { size: bytes } = await stat(temporary)
  await rename(temporary, join(input.outputFolder, `${sha256}.parquet`))
  return { drop, object: `parts/${sha256}.parquet`, sha256, rows, bytes, ...range, columns: { ...storedTypes(input.columns) } }
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

function refuse(fault: DropFault): DropReading {
  return { accepted: false, faults: [fault] }
}
