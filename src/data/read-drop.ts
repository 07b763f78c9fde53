import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { castOf, neededColumns, schemaFaults, valueFaults } from './contract.js'
import { name, numberOf, rowOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'
import { loadTable } from './load-table.js'
import type { ReadDropsInput } from './read-drops-job.js'
import type { DropFault, DropReading, Part } from './snapshot.js'

type Input = Pick<Static<typeof ReadDropsInput>, 'drops' | 'columns' | 'outputFolder'>

/** Reads one drop into a part, or says what is wrong with it. */
export async function readDrop(connection: DuckDBConnection, drop: Input['drops'][number], input: Input): Promise<DropReading> {
  if ((await stat(drop.path)).size === 0) return refuse({ code: 'empty', message: 'The file is empty (0 bytes).' })
  const expected = Object.keys(input.columns)
  let found: readonly string[]
  try {
    found = await loadTable(connection, { path: drop.path, key: drop.key, expected, scratchFile: join(input.outputFolder, `${drop.id}.plain`) })
  } catch (error) {
    if (error instanceof FileFault) return refuse(error.fault)
    throw error
  }
  if (!found.some((column) => expected.includes(column))) {
    return refuse({ code: 'no-known-column', message: `None of the columns of the contract is there; the first line or object begins: ${found.join(', ').slice(0, 100)}` })
  }
  const schema = schemaFaults(found, input.columns)
  if (schema.length > 0) return { accepted: false, faults: [...schema] }
  const rows = numberOf((await rowOf(connection, 'select count(*) as rows from raw'))['rows'])
  if (rows === 0) return refuse({ code: 'no-rows', message: 'The file has a header but no rows.' })
  const faults = await valueFaults(connection, input.columns)
  if (faults.length > 0) return { accepted: false, faults: [...faults] }
  return { accepted: true, part: await writePart(connection, drop.id, rows, input) }
}

async function writePart(connection: DuckDBConnection, drop: string, rows: number, input: Input): Promise<Part> {
  const columns = neededColumns(input.columns)
  const selection = columns.map(([column, definition]) => `${castOf(column, definition)} as ${name(column)}`).join(', ')
  const temporary = join(input.outputFolder, `${drop}.tmp`)
  await connection.run(`copy (select ${selection} from raw order by refit_row) to ${text(temporary)} (format parquet, compression zstd)`)
  const time = columns.find(([, { role }]) => role === 'time')?.[0]
  const range = time === undefined ? {} : await timeRange(connection, temporary, time)
  const hash = createHash('sha256')
  await pipeline(createReadStream(temporary), hash)
  const sha256 = hash.digest('hex')
  const { size: bytes } = await stat(temporary)
  await rename(temporary, join(input.outputFolder, `${sha256}.parquet`))
  return { drop, object: `parts/${sha256}.parquet`, sha256, rows, bytes, ...range }
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
